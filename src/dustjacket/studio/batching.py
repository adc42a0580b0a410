"""Work for a model, off the event loop: what waits while it is busy goes to it at once."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from dustjacket.studio.problems import BusyError

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")
Version = TypeVar("Version")


class Batcher(Generic[Asked, Answered]):
    """One thread that answers questions in batches.

    A question that comes while the thread rests is answered at once; those that come while it works
    make the next batch, so that a batch is as large as the load (Crankshaw et al. 2017, "Clipper",
    without its wait).
    """

    def __init__(
        self,
        work: Callable[[Sequence[Asked]], Sequence[Answered | Exception]],
        *,
        most: int = 16,
        waiting: int = 32,
        seen: Callable[[int], object] = id,
    ) -> None:
        """Make a thread for ``work``, which answers each question, or says what is wrong with it.

        Args:
            most: questions of one batch.
            waiting: questions that may wait; more are refused.
            seen: told the size of every batch.
        """
        self._work, self._most, self._seen = work, most, seen
        self._waiting: asyncio.Queue[tuple[Asked, asyncio.Future[Answered]]]
        self._waiting = asyncio.Queue(waiting)
        self._thread = ThreadPoolExecutor(1)

    async def ask(self, question: Asked) -> Answered:
        """Return the answer.

        Raises:
            BusyError: too many questions wait.
        """
        answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        try:
            self._waiting.put_nowait((question, answer))
        except asyncio.QueueFull:
            raise BusyError from None
        return await answer

    async def run(self, work: Callable[[], Version]) -> Version:
        """Return what ``work`` does in the same thread, between two batches."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def answer_all(self) -> None:
        """Answer questions until cancelled."""
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < self._most and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            batch = [(question, answer) for question, answer in batch if not answer.done()]
            if not batch:
                continue
            self._seen(len(batch))
            questions = [question for question, _ in batch]
            pairs: list[tuple[asyncio.Future[Answered], Answered | Exception]]
            answers = [answer for _, answer in batch]
            try:
                found = await self.run(lambda asked=questions: self._work(asked))  # type: ignore[misc]
                pairs = list(zip(answers, found, strict=True))
            except Exception as error:  # noqa: BLE001 - it is each question's answer
                pairs = [(answer, error) for answer in answers]
            for answer, told in pairs:
                if answer.done():
                    continue
                if isinstance(told, Exception):
                    answer.set_exception(told)
                else:
                    answer.set_result(told)

    def close(self) -> None:
        """Let the thread end."""
        self._thread.shutdown(wait=False, cancel_futures=True)
