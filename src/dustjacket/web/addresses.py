"""Which addresses may be fetched: the form of the URL, and the IP address it resolves to."""

import asyncio
import socket
from collections.abc import Container
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from dustjacket.web.failures import WebError

MAX_URL_LENGTH = 4096
_LOOKUP_TIMEOUT_S = 5.0
_OTHER_REFUSED_NETWORKS = [
    ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's host service, at a public address
        "192.0.0.0/24",  # IETF protocol assignments; some are cloud metadata services
        "192.88.99.0/24",  # 6to4 relays
        "3fff::/20",  # documentation (RFC 9637), which Python 3.11 does not know
        # IPv6 addresses that embed an IPv4 address, which may be private.
        "2002::/16",
        "2001::/32",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
    )
]


def is_public(address: str) -> bool:
    """Return whether the numeric IP ``address`` belongs to a public host.

    Private, loopback, link-local (where clouds serve credentials), multicast, reserved and
    carrier-shared addresses are not public, nor are IPv6 addresses that embed IPv4.
    """
    ip: IPv4Address | IPv6Address = ip_address(address)
    if not ip.is_global or ip.is_multicast or ip.is_reserved:
        return False
    if isinstance(ip, IPv6Address) and (ip.is_site_local or ip.ipv4_mapped):
        return False
    return not any(ip in network for network in _OTHER_REFUSED_NETWORKS)


def any_address(address: str) -> bool:
    """Accept every address: for deployments that fetch from private hosts."""
    return bool(address)


def host_of(url: str) -> str:
    """Return ``host:port`` of ``url``, or "" if the URL has no host."""
    try:
        address = URL(url)
        return f"{address.raw_host}:{address.port}" if address.raw_host else ""
    except ValueError:
        return ""


def checked_url(text: str, ports: Container[int], base: URL | None = None) -> URL:
    """Parse and check a URL.

    Args:
        ports: the ports that may be connected to.
        base: the URL that redirected to ``text``, which may then be relative.

    Raises:
        WebError: the URL is invalid, or its scheme, credentials or port are refused.
    """
    try:
        address = base.join(URL(text)) if base else URL(text)
        host, port = address.raw_host, address.port
    except ValueError:
        raise WebError(text, "bad_url") from None
    if len(text) > MAX_URL_LENGTH:
        raise WebError(text, "bad_url")
    if address.scheme not in ("", "http", "https"):  # some have no host, such as data:
        raise WebError(text, "bad_scheme")
    if not host:
        raise WebError(text, "bad_url")
    if address.raw_user or address.raw_password:
        raise WebError(text, "credentials_in_url")
    if port not in ports:
        raise WebError(text, "port_refused")
    return address


class SystemResolver(ThreadedResolver):
    """The system's DNS resolver with a timeout."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of ``host``.

        Raises:
            OSError: the look-up fails or times out.
        """
        try:
            async with asyncio.timeout(_LOOKUP_TIMEOUT_S):
                return await super().resolve(host, port, family)
        except TimeoutError:
            raise OSError(f"DNS look-up of {host!r} timed out") from None
