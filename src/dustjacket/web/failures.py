"""Why a URL cannot be fetched, and whether the failure is transient."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from dustjacket.errors import DustjacketError

_TRANSIENT = ("timeout", "dns_failure", "connection_failed", "host_given_up")
_TRANSIENT_STATUS = (408, 425, 429)


class WebError(DustjacketError):
    """A URL that could not be fetched.

    Attributes:
        reason: machine-readable, for example ``http_404`` or ``address_refused``.
        wait_s: seconds to wait before the next request (the server's Retry-After), or 0.
    """

    def __init__(self, url: str, reason: str, wait_s: float = 0.0) -> None:
        cure = "try again later" if is_transient(reason) else "check the address"
        super().__init__(f"{url[:200]!r} cannot be fetched ({reason}): {cure}")
        self.reason = reason
        self.wait_s = wait_s


class AddressRefusedError(OSError):
    """The resolved address is not allowed.

    The message is the same for all addresses: asyncio keeps the type of the error only if all
    addresses of a host fail with the same message.
    """

    def __init__(self) -> None:
        super().__init__("address refused")


def is_transient(reason: str) -> bool:
    """Return whether a later try may succeed after a failure for ``reason``."""
    if reason.startswith("http_"):
        status = int(reason.removeprefix("http_"))
        return status in _TRANSIENT_STATUS or status >= 500
    return reason in _TRANSIENT


def retry_after_s(header: str | None) -> float:
    """Return the seconds of a Retry-After header; 0 if it is missing or invalid."""
    if not header:
        return 0.0
    try:
        if header.strip().isdigit():
            seconds = float(header)
        else:
            date = parsedate_to_datetime(header)
            seconds = (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    except (ValueError, OverflowError):
        return 0.0
    return max(seconds, 0.0)


@contextmanager
def as_web_error(url: str) -> Iterator[None]:
    """Convert the errors of aiohttp to a :class:`WebError` with a reason."""
    try:
        yield
    except TimeoutError:
        raise WebError(url, "timeout") from None
    except aiohttp.InvalidURL:
        # The URL was checked before; this happens for unusual spellings of IPv4, such as 0177.1.
        raise WebError(url, "address_refused") from None
    except aiohttp.ClientConnectorDNSError:
        raise WebError(url, "dns_failure") from None
    except aiohttp.ClientConnectorCertificateError:
        raise WebError(url, "bad_certificate") from None
    except aiohttp.ClientConnectorError as error:
        refused = isinstance(error.os_error, AddressRefusedError)
        raise WebError(url, "address_refused" if refused else "connection_failed") from None
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
        raise WebError(url, "connection_failed") from None
    except UnicodeError:  # a host name that cannot be encoded for DNS
        raise WebError(url, "bad_url") from None
    except zlib.error:
        raise WebError(url, "bad_encoding") from None
    except aiohttp.ClientError:
        raise WebError(url, "bad_response") from None
