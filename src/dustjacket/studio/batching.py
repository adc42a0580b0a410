"""Micro-batching: run a model in one thread, on all queries that arrived while it was busy."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from dustjacket.studio.problems import BusyError

Query = TypeVar("Query")
Response = TypeVar("Response")
Result = TypeVar("Result")


class Batcher(Generic[Query, Response]):
    """A thread that runs a model on batches of queries.

    A query that arrives while the thread is idle runs at once. Queries that arrive while it works
    form the next batch, so the batch size follows the load (Crankshaw et al. 2017, "Clipper",
    without its delay).
    """

    def __init__(
        self,
        run_batch: Callable[[Sequence[Query]], Sequence[Response | Exception]],
        *,
        max_batch: int = 16,
        max_waiting: int = 32,
        on_batch: Callable[[int], object] = id,
    ) -> None:
        """Start the thread.

        Args:
            run_batch: returns a response or an error for each query.
            max_batch: queries in one batch.
            max_waiting: queries in the queue; beyond it, queries are refused.
            on_batch: called with the size of each batch.
        """
        self._run_batch, self._max_batch, self._on_batch = run_batch, max_batch, on_batch
        self._queue: asyncio.Queue[tuple[Query, asyncio.Future[Response]]]
        self._queue = asyncio.Queue(max_waiting)
        self._thread = ThreadPoolExecutor(1)

    async def submit(self, query: Query) -> Response:
        """Return the response to a query.

        Raises:
            BusyError: the queue is full.
        """
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((query, future))
        except asyncio.QueueFull:
            raise BusyError from None
        return await future

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run ``work`` in the same thread, between two batches, and return its result."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def serve(self) -> None:
        """Run batches until cancelled."""
        while True:
            batch = [await self._queue.get()]
            while len(batch) < self._max_batch and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            # The client of a finished future has gone.
            batch = [(query, future) for query, future in batch if not future.done()]
            if batch:
                self._on_batch(len(batch))
                await self._resolve(batch)

    async def _resolve(self, batch: list[tuple[Query, asyncio.Future[Response]]]) -> None:
        queries, futures = zip(*batch, strict=True)
        pairs: list[tuple[asyncio.Future[Response], Response | Exception]]
        try:
            responses = await self.run(lambda: self._run_batch(queries))
            pairs = list(zip(futures, responses, strict=True))
        except Exception as error:  # noqa: BLE001 - every query of the batch gets the error
            pairs = [(future, error) for future in futures]
        for future, response in pairs:
            if future.done():
                continue
            if isinstance(response, Exception):
                future.set_exception(response)
            else:
                future.set_result(response)

    def close(self) -> None:
        """End the thread when its current work is done."""
        self._thread.shutdown(wait=False, cancel_futures=True)
