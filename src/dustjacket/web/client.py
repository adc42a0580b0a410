"""The asyncio client: one body, one file, or many bodies from many hosts."""

import asyncio
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

from dustjacket.web.addresses import (
    SystemResolver,
    any_address,
    checked_url,
    host_of,
    is_public,
)
from dustjacket.web.bodies import body_chunks
from dustjacket.web.failures import (
    AddressRefusedError,
    WebError,
    as_web_error,
    is_transient,
    retry_after_s,
)
from dustjacket.web.host_budget import HostBudget

PORTS = (80, 443, 8080, 8443)
_HEADERS = {"User-Agent": "dustjacket", "Accept-Encoding": "identity"}
_MAX_REDIRECTS = 5
_CONNECT_TIMEOUT_S, _READ_TIMEOUT_S = 5.0, 10.0
_FIRST_WAIT_S, _MAX_WAIT_S = 0.5, 30.0
_MAX_DRAINED_BYTES = 1 << 16
"""Up to this size an error's body is read, so that its connection can be used again."""

T = TypeVar("T")


@dataclass(frozen=True)
class FetchLimits:
    """Limits on network, time and memory.

    Attributes:
        max_bytes: of one body, decoded.
        deadline_s: seconds for one URL, from the start of the first try to the end of the last.
        connections: open at a time, over all hosts; also bounds the bodies that wait for the
            caller.
        connections_per_host: open to one host at a time.
        retries: tries after the first.
        host_budget_s: seconds that a host may be unresponsive before it is given up.
    """

    max_bytes: int = 10 << 20
    deadline_s: float = 30.0
    connections: int = 32
    connections_per_host: int = 16
    retries: int = 3
    host_budget_s: float = 60.0

    def host_budget(self) -> HostBudget:
        """Return a new, unspent budget for one run."""
        return HostBudget(self.host_budget_s, self.connections_per_host, self.connections)


class WebClient:
    """The client; an async context manager, for use inside one event loop."""

    def __init__(
        self,
        limits: FetchLimits,
        *,
        private: bool = False,
        host_budget: HostBudget | None = None,
        may_connect: Callable[[str], bool] | None = None,
        ports: Container[int] | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """Make a client.

        Args:
            private: whether to allow private addresses and all ports.
            host_budget: shared by the clients of one run; by default a new one.
            may_connect, ports: which IP addresses and ports are allowed; override ``private``.
            resolver: of host names, instead of the system's.
        """
        self.limits = limits
        self._host_budget = host_budget or limits.host_budget()
        self._may_connect = may_connect or (any_address if private else is_public)
        self._ports = ports or (range(1, 65536) if private else PORTS)
        self._resolver = resolver

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self.limits.connections,
                limit_per_host=self.limits.connections_per_host,
                resolver=self._resolver or SystemResolver(),
                socket_factory=self._socket,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            timeout=aiohttp.ClientTimeout(
                sock_connect=_CONNECT_TIMEOUT_S, sock_read=_READ_TIMEOUT_S
            ),
            auto_decompress=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(self, url: str) -> bytes:
        """Return the body at ``url``.

        Raises:
            WebError: with the reason of the failure.
        """

        async def body() -> bytes:
            async with self._response(url) as response:
                chunks = body_chunks(response, self.limits.max_bytes)
                return b"".join([chunk async for chunk in chunks])

        return await self._with_retries(url, body)

    async def download(self, url: str, path: Path) -> None:
        """Write the body at ``url`` to ``path``, completely or not at all.

        Raises:
            WebError: with the reason of the failure.
        """
        part_file = path.with_name(path.name + ".part")

        async def write() -> None:
            # Some servers declare the compression of a .gz file as its Content-Encoding.
            decode = not url.split("?", maxsplit=1)[0].endswith(".gz")
            with part_file.open("wb") as file:
                async with self._response(url) as response:
                    async for chunk in body_chunks(response, self.limits.max_bytes, decode=decode):
                        file.write(chunk)
            part_file.replace(path)

        try:
            await self._with_retries(url, write)
        finally:
            part_file.unlink(missing_ok=True)

    async def fetch_all(
        self,
        urls: Iterable[str],
        slots: asyncio.Semaphore,
        deliver: Callable[[str, bytes | str], None],
    ) -> None:
        """Fetch ``urls``, all hosts in parallel, and pass each result to ``deliver``.

        Args:
            slots: one is acquired for each body; the consumer releases it when done with the body.
            deliver: called with a URL and its body, or the reason of its failure.
        """
        waiting: dict[str, deque[str]] = defaultdict(deque)
        for url in urls:
            waiting[host_of(url)].append(url)

        async def work(host: str) -> None:
            while True:
                await asyncio.sleep(self._host_budget.pause_s(host))
                await slots.acquire()
                if not waiting[host]:
                    slots.release()
                    return
                url = waiting[host].popleft()
                deliver(url, await self._body_or_reason(host, url))

        async with asyncio.TaskGroup() as group:
            for host, host_urls in waiting.items():
                for _ in range(min(len(host_urls), self.limits.connections_per_host)):
                    group.create_task(work(host))

    async def _body_or_reason(self, host: str, url: str) -> bytes | str:
        if self._host_budget.is_spent(host):
            return "host_given_up"
        began = asyncio.get_running_loop().time()
        try:
            body = await self.get(url)
        except WebError as error:
            if is_transient(error.reason):
                lost_s = asyncio.get_running_loop().time() - began
                self._host_budget.charge(host, lost_s, error.wait_s)
            return error.reason
        self._host_budget.refund(host)
        return body

    async def _with_retries(self, url: str, attempt: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the result of ``attempt``, retried with exponential backoff until the deadline."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + self.limits.deadline_s
        for number in count():
            try:
                async with asyncio.timeout_at(deadline):
                    with as_web_error(url):
                        return await attempt()
            except TimeoutError:
                raise WebError(url, "timeout") from None
            except WebError as error:
                jitter = random.uniform(0.5, 1.0)  # noqa: S311
                wait_s = max(error.wait_s, jitter * _FIRST_WAIT_S * 2**number)
                retry = is_transient(error.reason) and number < self.limits.retries
                if not retry or wait_s > _MAX_WAIT_S or clock() + wait_s >= deadline:
                    raise
            await asyncio.sleep(wait_s)
        raise AssertionError  # count() is endless

    @asynccontextmanager
    async def _response(self, url: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """Open ``url`` and follow redirects; each target is checked like the first address."""
        address = checked_url(url, self._ports)
        for _ in range(_MAX_REDIRECTS + 1):
            async with self._session.get(address, allow_redirects=False) as response:
                if response.status == 200:
                    yield response
                    return
                if 0 < (response.content_length or 0) <= _MAX_DRAINED_BYTES:
                    await response.read()
                target = response.headers.get("Location")
                if response.status not in (301, 302, 303, 307, 308) or not target:
                    wait_s = retry_after_s(response.headers.get("Retry-After"))
                    raise WebError(url, f"http_{response.status}", wait_s)
                address = checked_url(target, self._ports, address)
        raise WebError(url, "too_many_redirects")

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Open the socket of a connection, after checking the resolved address itself."""
        family, kind, protocol, _, address = info
        if not self._may_connect(address[0]):
            raise AddressRefusedError
        return socket.socket(family=family, type=kind, proto=protocol)
