"""A real HTTP server on loopback, in its own thread, that counts its requests."""

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager

from aiohttp import web


class Served:
    """A running server: its address, and the number of requests of each path."""

    port: int

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.max_concurrent = self.concurrent = 0

    def url(self, path: str = "") -> str:
        return f"http://127.0.0.1:{self.port}/{path}"


@contextmanager
def serving(
    handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
) -> Iterator[Served]:
    """Serve with ``handler``, a coroutine function from a request to a response."""
    served = Served()

    async def counting(request: web.BaseRequest) -> web.StreamResponse:
        served.requests[request.path.lstrip("/")] += 1
        served.concurrent += 1
        served.max_concurrent = max(served.max_concurrent, served.concurrent)
        try:
            return await handler(request)
        finally:
            served.concurrent -= 1

    async def start() -> asyncio.Server:
        runner = web.ServerRunner(web.Server(counting))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert isinstance(site._server, asyncio.Server)
        return site._server

    with _running(start, served):
        yield served


def responding(
    body: str | bytes = "x", status: int = 200, **headers: str
) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    """Return a handler that sends the same response to every request."""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers=headers)

    return handler


@contextmanager
def serving_bytes(
    reply: bytes | Callable[[], Iterable[bytes]], stays_s: float = 60
) -> Iterator[Served]:
    """Answer every request with the same raw bytes.

    Args:
        reply: the bytes, or a function that returns an iterator of parts.
        stays_s: seconds that the connection stays open after the last byte.
    """
    served = Served()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            for part in reply() if callable(reply) else [reply]:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.01 if callable(reply) else 0)
            await asyncio.sleep(stays_s)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    with _running(lambda: asyncio.start_server(answer, "127.0.0.1", 0), served):
        yield served


@contextmanager
def _running(start: Callable[[], Awaitable[asyncio.Server]], served: Served) -> Iterator[None]:
    """Run the server that ``start`` makes in a thread, and cancel its requests at the end."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(start())
    served.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:

        def end() -> None:
            server.close()
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.call_later(0.05, loop.stop)

        loop.call_soon_threadsafe(end)
        thread.join()
        loop.close()
