"""What the Studio's requests share: models, the threads that ask them, feedback and counters."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from dustjacket.feedback.store import Feedback, delete_expired
from dustjacket.settings import Settings
from dustjacket.storage.store import Store
from dustjacket.studio.batching import Batcher
from dustjacket.studio.handlers import search_response, tell_genres
from dustjacket.studio.metrics import Metrics
from dustjacket.studio.models import Models
from dustjacket.studio.schemas import Book, CoverQuery, CoversAnswer, GenreAnswer

log = logging.getLogger(__name__)

FEEDBACK_S = 300.0
"""Between two publications of what people asked and voted."""


class Studio:
    """What requests share."""

    def __init__(self, settings: Settings) -> None:
        self.models = Models(Store(settings), settings.home / "cache")
        self.metrics = Metrics()
        # What waits for the object store waits apart, so that no question waits for that.
        self.images, self.background = ThreadPoolExecutor(4), ThreadPoolExecutor(2)
        self._days = settings.studio_feedback_days
        self.feedback = (
            Feedback(
                self.models.store,
                days=settings.studio_feedback_days,
                share=settings.studio_sample_share,
            )
            if settings.studio_feedback
            else None
        )
        sizes = self.metrics.batches
        self.genres = Batcher[Book, GenreAnswer](
            lambda books: tell_genres(self.models.genres, books),
            most=settings.studio_batch,
            seen=sizes.labels("genres").observe,
        )
        self.covers = Batcher[CoverQuery, CoversAnswer](
            lambda queries: search_response(self.models.covers, queries),
            most=settings.studio_batch,
            seen=sizes.labels("covers").observe,
        )

    @asynccontextmanager
    async def running(self, refresh_s: float) -> AsyncIterator[None]:
        """Answer questions, and read what is newly published, for a block."""
        work = [
            asyncio.create_task(self.genres.answer_all()),
            asyncio.create_task(self.covers.answer_all()),
            asyncio.create_task(self._refresh(refresh_s)),
            asyncio.create_task(self._keep_feedback()),
        ]
        try:
            yield
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            self.genres.close()
            self.covers.close()
            if self.feedback:
                await asyncio.to_thread(self.feedback.flush)
            for pool in (self.images, self.background):
                pool.shutdown(wait=False, cancel_futures=True)

    async def _keep_feedback(self) -> None:
        """Publish what is kept; what is too old goes, also after nothing is kept any more."""
        while True:
            await asyncio.sleep(FEEDBACK_S)
            if self.feedback:
                await self._behind(self.feedback.flush)
            else:
                await self._behind(lambda: delete_expired(self.models.store, self._days))

    async def _refresh(self, every_s: float) -> None:
        while True:
            if await self._behind(self.models.refresh):
                self.metrics.show(self.models)
            await asyncio.sleep(every_s)

    async def _behind(self, work: Callable[[], Any]) -> Any:
        """Return what is done in the background; its failure is logged, and ends nothing."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self.background, work)
        except Exception:
            log.exception("the Studio goes on without it")
