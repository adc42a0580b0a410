"""Why something cannot be had from the web, and whether that may pass."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from dustjacket.errors import DustjacketError

_PASSING = ("timeout", "dns_failure", "connection_failed", "host_given_up")
_PASSING_STATUS = (408, 425, 429)


class WebError(DustjacketError):
    """A URL whose body could not be had.

    Attributes:
        reason: in machine-readable form, such as ``http_404`` or ``address_refused``.
        wait_s: seconds that the server asked to be left alone, or 0.
    """

    def __init__(self, url: str, reason: str, wait_s: float = 0.0) -> None:
        cure = "try again later" if is_transient(reason) else "check the address"
        super().__init__(f"{url[:200]!r} cannot be fetched ({reason}): {cure}")
        self.reason = reason
        self.wait_s = wait_s


class AddressRefusedError(OSError):
    """Says the same for every address, so that of several that fail it is still this error."""

    def __init__(self) -> None:
        super().__init__("address refused")


def is_transient(reason: str) -> bool:
    """Return whether a failure for ``reason`` may pass, so that a later run tries again."""
    if reason.startswith("http_"):
        status = int(reason.removeprefix("http_"))
        return status in _PASSING_STATUS or status >= 500
    return reason in _PASSING


def wait_of(retry_after: str | None) -> float:
    """Return the seconds that a Retry-After header asks for; 0 if it asks none."""
    if not retry_after:
        return 0.0
    try:
        if retry_after.strip().isdigit():
            seconds = float(retry_after)
        else:
            at = parsedate_to_datetime(retry_after)
            seconds = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    except (ValueError, OverflowError):
        return 0.0
    return max(seconds, 0.0)


@contextmanager
def reasons(url: str) -> Iterator[None]:
    """Give the client's own errors the reasons that are recorded."""
    try:
        yield
    except TimeoutError:
        raise WebError(url, "timeout") from None
    except aiohttp.InvalidURL:
        # An address was checked before; what is left are odd spellings of IPv4, such as 0177.1.
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
    except UnicodeError:  # of a name that no look-up can be asked for
        raise WebError(url, "bad_url") from None
    except zlib.error:
        raise WebError(url, "bad_encoding") from None
    except aiohttp.ClientError:
        raise WebError(url, "bad_response") from None
