"""A real HTTP server on loopback, in its own thread, that counts its requests."""

import asyncio
import threading
from collections import Counter
from contextlib import contextmanager

from aiohttp import web


class Served:
    """A running server: its address, and the number of requests of each path."""

    def __init__(self):
        self.requests = Counter()
        self.max_concurrent = self.concurrent = 0

    def url(self, path=""):
        return f"http://127.0.0.1:{self.port}/{path}"


@contextmanager
def serving(handler):
    """Serve with ``handler``, a coroutine function from a request to a response."""
    served = Served()

    async def counting(request):
        served.requests[request.path.lstrip("/")] += 1
        served.concurrent += 1
        served.max_concurrent = max(served.max_concurrent, served.concurrent)
        try:
            return await handler(request)
        finally:
            served.concurrent -= 1

    async def start():
        runner = web.ServerRunner(web.Server(counting))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return site._server

    with _running(start, served):
        yield served


@contextmanager
def serving_bytes(reply, stays_s=60):
    """Answer every request with the same raw bytes.

    Args:
        reply: the bytes, or a function that returns an iterator of parts.
        stays_s: seconds that the connection stays open after the last byte.
    """
    served = Served()

    async def answer(reader, writer):
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
def _running(start, served):
    """Run the server that ``start`` makes in a thread, and cancel its requests at the end."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(start())
    served.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:

        def end():
            server.close()
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.call_later(0.05, loop.stop)

        loop.call_soon_threadsafe(end)
        thread.join()
        loop.close()
