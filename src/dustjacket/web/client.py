"""The guarded client: one URL, many of them, or a file, inside an event loop."""

import asyncio
import hashlib
import random
import socket
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Container, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Self, TypeVar

import aiohttp
from aiohttp.abc import AbstractResolver

from dustjacket.web.addresses import SystemNames, anywhere, checked, host_of, is_public
from dustjacket.web.bodies import parts
from dustjacket.web.failures import AddressRefusedError, WebError, is_transient, reasons, wait_of
from dustjacket.web.host_budget import HostBudget

PORTS = (80, 443, 8080, 8443)
_HEADERS = {"User-Agent": "dustjacket", "Accept-Encoding": "identity"}
_MAX_REDIRECTS = 5
_CONNECT_S, _READ_S = 5.0, 10.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0
_DRAINED = 1 << 16
"""Bytes of an error's body that are read so that its connection can serve again."""

T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """How much of the network, of time and of memory fetching may take.

    Attributes:
        max_bytes: of one body, decoded.
        deadline_s: seconds from the first try of a URL to the end of the last.
        connections: at once in all; also how many bodies may wait for who asked.
        connections_per_host: at once to one host.
        retries: tries after the first.
        host_patience_s: seconds that a host may stand still before it is given up.
    """

    max_bytes: int = 10 << 20
    deadline_s: float = 30.0
    connections: int = 32
    connections_per_host: int = 16
    retries: int = 3
    host_patience_s: float = 60.0

    def patience(self) -> HostBudget:
        """Return the patience with which a run begins."""
        return HostBudget(self.host_patience_s, self.connections_per_host, self.connections)


@dataclass(frozen=True)
class Fetched:
    """One file brought from the web: the server's own marks of it, and what it is.

    Attributes:
        sha256, size: of the file as written, size in bytes.
    """

    etag: str | None
    last_modified: str | None
    sha256: str
    size: int


class Web:
    """The guarded client; to be used inside one event loop, as an async context manager."""

    def __init__(
        self,
        limits: Limits,
        *,
        private: bool = False,
        patience: HostBudget | None = None,
        may_connect: Callable[[str], bool] | None = None,
        ports: Container[int] | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """Make a client.

        Args:
            private: whether private addresses, and ports other than the web's, may be asked.
            patience: what is known of the hosts; a new one by default.
            may_connect, ports: what may be connected to, in place of what ``private`` says.
            resolver: looks names up, in place of the system's.
        """
        self.limits = limits
        self._patience = patience or limits.patience()
        self._may_connect = may_connect or (anywhere if private else is_public)
        self._ports = ports or (range(1, 65536) if private else PORTS)
        self._resolver = resolver

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self.limits.connections,
                limit_per_host=self.limits.connections_per_host,
                resolver=self._resolver or SystemNames(),
                socket_factory=self._socket,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            timeout=aiohttp.ClientTimeout(sock_connect=_CONNECT_S, sock_read=_READ_S),
            auto_decompress=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(self, url: str) -> bytes:
        """Return the body at ``url``.

        Raises:
            WebError: it cannot be had, for the reason given.
        """

        async def body() -> bytes:
            async with self._response(url) as response:
                return b"".join([part async for part in parts(response, self.limits.max_bytes)])

        return await self._tried(url, body)

    async def download(self, url: str, path: Path) -> Fetched:
        """Write the body at ``url`` to ``path``, which is there whole or not at all.

        Raises:
            WebError: it cannot be had, for the reason given.
        """
        part_file = path.with_name(path.name + ".part")

        async def body() -> Fetched:
            digest, size = hashlib.sha256(), 0
            with part_file.open("wb") as file:
                async with self._response(url) as response:
                    # Some servers say of a file that is compressed that its transfer is.
                    as_sent = url.split("?", maxsplit=1)[0].endswith(".gz")
                    async for part in parts(response, self.limits.max_bytes, as_sent=as_sent):
                        digest.update(part)
                        size += file.write(part)
                    marks = response.headers.get("ETag"), response.headers.get("Last-Modified")
            part_file.replace(path)
            return Fetched(*marks, digest.hexdigest(), size)

        try:
            return await self._tried(url, body)
        finally:
            part_file.unlink(missing_ok=True)

    async def fetch_all(
        self,
        urls: Iterable[str],
        room: asyncio.Semaphore,
        done: Callable[[str, bytes | str], None],
    ) -> None:
        """Fetch ``urls``, hosts side by side, and hand each to ``done`` as it comes.

        Args:
            room: has room for a body; whoever takes one from ``done`` releases it.
            done: called with a URL and its body, or the reason why it has none.
        """
        waiting: dict[str, deque[str]] = defaultdict(deque)
        for url in urls:
            waiting[host_of(url)].append(url)

        async def work(host: str) -> None:
            while True:
                await asyncio.sleep(self._patience.pause_s(host))
                await room.acquire()
                if not waiting[host]:
                    room.release()
                    return
                url = waiting[host].popleft()
                done(url, await self._outcome(host, url))

        async with asyncio.TaskGroup() as group:
            for host, mine in waiting.items():
                for _ in range(min(len(mine), self.limits.connections_per_host)):
                    group.create_task(work(host))

    async def _outcome(self, host: str, url: str) -> bytes | str:
        if self._patience.is_over(host):
            return "host_given_up"
        began = asyncio.get_running_loop().time()
        try:
            body = await self.get(url)
        except WebError as error:
            if is_transient(error.reason):
                lost = asyncio.get_running_loop().time() - began
                self._patience.lose(host, lost, error.wait_s)
            return error.reason
        self._patience.restore(host)
        return body

    async def _tried(self, url: str, attempt: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what ``attempt`` gives, tried again with growing waits while there is time."""
        clock = asyncio.get_running_loop().time
        until = clock() + self.limits.deadline_s
        for number in count():
            try:
                async with asyncio.timeout_at(until):
                    with reasons(url):
                        return await attempt()
            except TimeoutError:
                raise WebError(url, "timeout") from None
            except WebError as error:
                jitter = random.uniform(0.5, 1.0)  # noqa: S311
                wait_s = max(error.wait_s, jitter * _FIRST_WAIT_S * 2**number)
                again = is_transient(error.reason) and number < self.limits.retries
                if not again or wait_s > _LONGEST_WAIT_S or clock() + wait_s >= until:
                    raise
            await asyncio.sleep(wait_s)
        raise AssertionError  # count() has no end

    @asynccontextmanager
    async def _response(self, url: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """Open ``url``, following redirects, each of which is checked like the first address."""
        address = checked(url, self._ports)
        for _ in range(_MAX_REDIRECTS + 1):
            async with self._session.get(address, allow_redirects=False) as response:
                if response.status == 200:
                    yield response
                    return
                if 0 < (response.content_length or 0) <= _DRAINED:
                    await response.read()
                target = response.headers.get("Location")
                if response.status not in (301, 302, 303, 307, 308) or not target:
                    wait_s = wait_of(response.headers.get("Retry-After"))
                    raise WebError(url, f"http_{response.status}", wait_s)
                address = checked(target, self._ports, address)
        raise WebError(url, "too_many_redirects")

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Open the socket of a connection, if its very address may be connected to."""
        family, kind, protocol, _, address = info
        if not self._may_connect(address[0]):
            raise AddressRefusedError
        return socket.socket(family=family, type=kind, proto=protocol)
