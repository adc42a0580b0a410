"""The guarded client for callers that have no event loop: many bodies, or one file."""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.settings import Settings
from dustjacket.web.client import Fetched, Limits, Web
from dustjacket.web.failures import WebError, is_transient

_LOOKUPS = 16
_DOWNLOAD_S = 3600.0


def fetch_many(urls: Iterable[str], web: Callable[[], Web]) -> Iterator[tuple[str, bytes | str]]:
    """Yield each of ``urls`` with its body, or the reason why it has none, as they come.

    They are fetched by a thread of its own while the caller works on what has come; no more bodies
    wait for the caller than there may be connections.

    Args:
        urls: all different.
        web: makes the client.
    """
    come: queue.SimpleQueue[tuple[str, bytes | str] | BaseException | None] = queue.SimpleQueue()
    loop = _event_loop()
    client = web()
    room = asyncio.Semaphore(client.limits.connections)

    async def fetch() -> None:
        async with client:
            await client.fetch_all(urls, room, lambda url, body: come.put((url, body)))

    task = loop.create_task(fetch())

    def run() -> None:
        try:
            loop.run_until_complete(task)
            come.put(None)
        except BaseException as error:  # noqa: BLE001 - raised where the bodies are awaited
            come.put(error)

    thread = threading.Thread(target=run, name="fetch", daemon=True)
    thread.start()
    try:
        while (item := come.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
            loop.call_soon_threadsafe(room.release)
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()


def download(url: str, path: Path, settings: Settings, max_bytes: int) -> Fetched:
    """Write the file at ``url`` to ``path``, which is there whole or not at all.

    Args:
        max_bytes: longest body to take.

    Raises:
        BadInputError: the address is refused, or has no such file.
        NotReadyError: it cannot be had now, and may be later.
    """
    limits = Limits(max_bytes=max_bytes, deadline_s=_DOWNLOAD_S)

    async def fetch() -> Fetched:
        async with Web(limits, private=settings.allow_private_addresses) as web:
            return await web.download(url, path)

    loop = _event_loop()
    try:
        return loop.run_until_complete(fetch())
    except WebError as error:
        kind = NotReadyError if is_transient(error.reason) else BadInputError
        raise kind(str(error)) from None
    finally:
        loop.close()


def _event_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop; unlike ``asyncio.run``, closing it waits for no hanging look-up."""
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(_LOOKUPS, "lookup"))
    return loop
