"""Batches follow the load, the queue is bounded, and a failure ends nothing."""

import asyncio
import threading

import pytest

from dustjacket.errors import BadInputError
from dustjacket.studio.batching import Batcher
from dustjacket.studio.problems import BusyError


def run(batcher, queries):
    async def serve():
        serving = asyncio.create_task(batcher.serve())
        try:
            return await queries()
        finally:
            serving.cancel()
            batcher.close()

    return asyncio.run(serve())


def test_queries_that_wait_while_a_batch_runs_form_the_next_batch():
    sizes, hold = [], threading.Event()

    def double(batch):
        sizes.append(len(batch))
        hold.wait(5)
        return [number * 2 for number in batch]

    batcher = Batcher(double, max_batch=4, max_waiting=20)

    async def queries():
        first = asyncio.create_task(batcher.submit(0))
        while not sizes:
            await asyncio.sleep(0.01)
        others = [asyncio.create_task(batcher.submit(number)) for number in range(1, 7)]
        await asyncio.sleep(0.05)
        hold.set()
        return await asyncio.gather(first, *others)

    assert run(batcher, queries) == [0, 2, 4, 6, 8, 10, 12]
    assert sizes == [1, 4, 2]


def test_queries_beyond_the_queue_are_refused_and_those_in_it_run():
    hold = threading.Event()
    batcher = Batcher(lambda batch: (hold.wait(5), list(batch))[1], max_batch=1, max_waiting=2)

    async def queries():
        first = asyncio.create_task(batcher.submit(0))
        await asyncio.sleep(0.05)
        waiting = [asyncio.create_task(batcher.submit(number)) for number in (1, 2)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await batcher.submit(3)
        hold.set()
        return await asyncio.gather(first, *waiting)

    assert run(batcher, queries) == [0, 1, 2]


def test_a_failed_query_or_batch_ends_nothing():
    def check(batch):
        if "all" in batch:
            raise OSError("gone")
        return [BadInputError("wrong") if query == "wrong" else query for query in batch]

    batcher = Batcher(check)

    async def queries():
        with pytest.raises(OSError, match="gone"):
            await batcher.submit("all")
        return await asyncio.gather(
            batcher.submit("right"), batcher.submit("wrong"), return_exceptions=True
        )

    right, wrong = run(batcher, queries)
    assert right == "right"
    assert isinstance(wrong, BadInputError)
