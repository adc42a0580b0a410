"""The client for callers without an event loop: fetch many URLs, or download one file."""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.settings import Settings
from dustjacket.web.client import FetchLimits, WebClient
from dustjacket.web.failures import WebError, is_transient

_LOOKUP_THREADS = 16
_DOWNLOAD_DEADLINE_S = 3600.0


def fetch_many(
    urls: Iterable[str], make_client: Callable[[], WebClient]
) -> Iterator[tuple[str, bytes | str]]:
    """Yield each URL with its body, or with the reason of its failure, in order of arrival.

    A thread fetches while the caller works on earlier bodies. At most
    ``FetchLimits.connections`` bodies are in flight or waiting for the caller. Closing the
    iterator early cancels what is left.

    Args:
        urls: all different.
        make_client: called once, in the caller's thread.
    """
    results: queue.SimpleQueue[tuple[str, bytes | str] | BaseException | None] = queue.SimpleQueue()
    loop = _event_loop()
    client = make_client()
    slots = asyncio.Semaphore(client.limits.connections)

    async def fetch() -> None:
        async with client:
            await client.fetch_all(urls, slots, lambda url, body: results.put((url, body)))

    task = loop.create_task(fetch())

    def run() -> None:
        try:
            loop.run_until_complete(task)
            results.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            results.put(error)

    thread = threading.Thread(target=run, name="fetch", daemon=True)
    thread.start()
    try:
        while (item := results.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
            loop.call_soon_threadsafe(slots.release)
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()


def download(url: str, path: Path, settings: Settings, max_bytes: int) -> None:
    """Download the file at ``url`` to ``path``, completely or not at all.

    Raises:
        BadInputError: the address is refused, has no such file, or the file is larger than
            ``max_bytes``.
        NotReadyError: the download failed for a transient reason.
    """
    limits = FetchLimits(max_bytes=max_bytes, deadline_s=_DOWNLOAD_DEADLINE_S)

    async def fetch() -> None:
        async with WebClient(limits, private=settings.allow_private_addresses) as client:
            await client.download(url, path)

    loop = _event_loop()
    try:
        loop.run_until_complete(fetch())
    except WebError as error:
        kind = NotReadyError if is_transient(error.reason) else BadInputError
        raise kind(str(error)) from None
    finally:
        loop.close()


def _event_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop; unlike ``asyncio.run``, closing it waits for no DNS look-up."""
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(_LOOKUP_THREADS, "lookup"))
    return loop
