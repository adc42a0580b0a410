"""A real HTTP server on loopback, in a thread of its own, that counts what it is asked."""

import asyncio
import threading
from collections import Counter
from contextlib import contextmanager

from aiohttp import web


class Served:
    """A running server: its address, and how often each path was asked for."""

    def __init__(self):
        self.asked = Counter()
        self.most_at_once = self.at_once = 0

    def url(self, path=""):
        return f"http://127.0.0.1:{self.port}/{path}"


@contextmanager
def serving(handler):
    """Serve with ``handler``, a coroutine function from a request to a response."""
    served = Served()

    async def counting(request):
        served.asked[request.path.lstrip("/")] += 1
        served.at_once += 1
        served.most_at_once = max(served.most_at_once, served.at_once)
        try:
            return await handler(request)
        finally:
            served.at_once -= 1

    async def start():
        runner = web.ServerRunner(web.Server(counting))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return site._server

    with _running(start, served):
        yield served


@contextmanager
def answering(reply, stays_s=60):
    """Answer every request with raw bytes, or the parts that a function gives, whatever it asks.

    After the last byte of a reply the connection stays open for ``stays_s`` seconds.
    """
    served = Served()

    async def talk(reader, writer):
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

    with _running(lambda: asyncio.start_server(talk, "127.0.0.1", 0), served):
        yield served


@contextmanager
def _running(start, served):
    """Run the server that ``start`` makes in a thread; at the end, whatever it is doing."""
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
