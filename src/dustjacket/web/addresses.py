"""Which addresses may be asked at all: what they look like, and where they lead."""

import asyncio
import socket
from collections.abc import Container
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from dustjacket.web.failures import WebError

MAX_URL = 4096
_LOOKUP_S = 5.0
_ALSO_REFUSED = [
    ip_network(network)
    for network in (
        "168.63.129.16/32",  # a cloud's own service, at a public address
        "192.0.0.0/24",  # protocol assignments, some of them metadata services
        "192.88.99.0/24",  # relays to IPv6
        # Addresses of IPv6 that carry one of IPv4, which may be private.
        "2002::/16",
        "2001::/32",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
    )
]


def is_public(address: str) -> bool:
    """Return whether a numeric ``address`` is a public host's.

    It is not if it is private, loopback, link-local (where clouds answer with credentials),
    multicast, reserved, shared by a carrier's customers, or IPv6 that stands for IPv4.
    """
    ip: IPv4Address | IPv6Address = ip_address(address)
    if not ip.is_global or ip.is_multicast or ip.is_reserved:
        return False
    if isinstance(ip, IPv6Address) and (ip.is_site_local or ip.ipv4_mapped):
        return False
    return not any(ip in network for network in _ALSO_REFUSED)


def anywhere(address: str) -> bool:
    """Return True: for networks whose private hosts serve what is fetched."""
    return bool(address)


def is_url(text: str) -> bool:
    """Return whether ``text`` is an address on the web rather than a path."""
    return text[:8].lower().startswith(("http://", "https://"))


def host_of(url: str) -> str:
    """Return the host and port that ``url`` names, or "" if it is none."""
    try:
        address = URL(url)
        return f"{address.raw_host}:{address.port}" if address.raw_host else ""
    except ValueError:
        return ""


def checked(text: str, ports: Container[int], base: URL | None = None) -> URL:
    """Return the address that ``text`` is, on its own or as a redirect from ``base``.

    Raises:
        WebError: it is none that may be asked.
    """
    try:
        address = base.join(URL(text)) if base else URL(text)
        host, port = address.raw_host, address.port
    except ValueError:
        raise WebError(text, "bad_url") from None
    if len(text) > MAX_URL or not host:
        raise WebError(text, "bad_url")
    if address.scheme not in ("http", "https"):
        raise WebError(text, "bad_scheme")
    if address.raw_user or address.raw_password:
        raise WebError(text, "credentials_in_url")
    if port not in ports:
        raise WebError(text, "port_refused")
    return address


class SystemNames(ThreadedResolver):
    """The system's look-up of names, within the time that a connection may take."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of ``host``; no answer in time is an OSError."""
        try:
            async with asyncio.timeout(_LOOKUP_S):
                return await super().resolve(host, port, family)
        except TimeoutError:
            raise OSError(f"no answer for {host!r}") from None
