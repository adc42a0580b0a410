"""State shared by the Studio's requests: models, their threads, feedback and metrics."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from dustjacket.errors import BadInputError
from dustjacket.generation.published_tools import open_tools
from dustjacket.settings import Settings
from dustjacket.storage.store import Store
from dustjacket.studio.batching import Batcher
from dustjacket.studio.blind_pairs import BlindPairs
from dustjacket.studio.candidate import Candidates
from dustjacket.studio.concept_jobs import TIMEOUT_S, ConceptJobs
from dustjacket.studio.handlers import genre_responses, search_responses
from dustjacket.studio.metrics import Metrics
from dustjacket.studio.models import Models
from dustjacket.studio.review import Reviews
from dustjacket.studio.schemas import (
    BookQuery,
    CoverQuery,
    GenreQuery,
    GenreResponse,
    SearchResponse,
)
from dustjacket.studio.step_status import Kept, step_statuses
from dustjacket.studio.welcome import examples
from dustjacket.studio.worker import Worker
from dustjacket.typesetting.style import load_styles
from dustjacket.upkeep.operations import operations

if TYPE_CHECKING:
    from dustjacket.feedback.store import Feedback

log = logging.getLogger(__name__)

_METRICS_INTERVAL_S = 60
_FEEDBACK_INTERVAL_S = 300.0


class AppState:
    """State shared by all requests.

    Attributes:
        examples: books that the page offers to begin with.
        feedback: None unless the settings turn it on.
        styles: names of the house styles, the default first; none if one cannot be used.
        image_threads: read covers' images from the object store, apart from the models' threads,
            so that a slow store does not delay queries.
        decoding_thread: decodes uploaded pictures. It is one, because each thread keeps some of the
            memory that a large picture took.
    """

    def __init__(self, settings: Settings) -> None:
        self.models = Models(Store(settings), settings.cache)
        self.metrics = Metrics()
        self.image_threads = ThreadPoolExecutor(4)
        self.decoding_thread = ThreadPoolExecutor(1)
        self._background_threads = ThreadPoolExecutor(2)
        store, threads = self.models.store, self._background_threads
        self.steps = Kept(partial(step_statuses, store), threads)
        self.examples: list[BookQuery] = []
        self.operations = Kept(partial(operations, store, settings.home), threads)
        self.feedback_days = settings.studio_feedback_days
        self.reviews = Reviews(self.models.store)
        self.feedback = _feedback(self.models.store, settings) if settings.studio_feedback else None
        self.generation = settings.generation
        self.private_addresses = settings.allow_private_addresses
        self.candidates = Candidates(self.models.store, settings.cache)
        self.pairs = BlindPairs(self.models.store)
        self.styles = _names_of_styles(settings)
        open_published = partial(open_tools, settings.with_secrets_of("s3"))
        self.concepts = ConceptJobs(Worker(open_published, TIMEOUT_S))
        batch_sizes = self.metrics.batches
        self.genres = Batcher[GenreQuery, GenreResponse](
            lambda books: genre_responses(self.models.classifier.require(), books),
            max_batch=settings.studio_batch,
            on_batch=batch_sizes.labels("genres").observe,
        )
        self.covers = Batcher[CoverQuery, SearchResponse](
            lambda queries: search_responses(self.models.index.require(), queries),
            max_batch=settings.studio_batch,
            on_batch=batch_sizes.labels("covers").observe,
        )

    @asynccontextmanager
    async def running(self, refresh_s: float) -> AsyncIterator[None]:
        """Serve queries and load newly published models during a block.

        Args:
            refresh_s: seconds between two checks for new versions.
        """
        tasks = [
            asyncio.create_task(self.genres.serve()),
            asyncio.create_task(self.covers.serve()),
            asyncio.create_task(self.concepts.serve()),
            asyncio.create_task(self._refresh_models(refresh_s)),
            asyncio.create_task(self._maintain_feedback()),
            asyncio.create_task(self._refresh_metrics()),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.genres.close()
            self.covers.close()
            self.concepts.close()
            if self.feedback:
                await asyncio.to_thread(self.feedback.flush)
            for pool in (self.image_threads, self.decoding_thread, self._background_threads):
                pool.shutdown(wait=False, cancel_futures=True)

    async def _maintain_feedback(self) -> None:
        """Publish new feedback and delete expired feedback; delete also while it is turned off."""
        while True:
            await asyncio.sleep(_FEEDBACK_INTERVAL_S)
            if self.feedback:
                await self._in_background(self.feedback.flush)
            elif find_spec("dustjacket.feedback"):
                await self._in_background(self._delete_expired_feedback)

    def _delete_expired_feedback(self) -> None:
        from dustjacket.feedback.store import delete_expired

        delete_expired(self.models.store, self.feedback_days)

    async def _refresh_models(self, interval_s: float) -> None:
        while True:
            if await self._in_background(self.models.refresh):
                found = await self._in_background(
                    lambda: examples(self.models.classifier.model, self.models.index.model)
                )
                self.examples = found or []
                self.metrics.set_versions(self.models)
                self.steps.expire()
            self.candidates.forget_idle()
            await asyncio.sleep(interval_s)

    async def _refresh_metrics(self) -> None:
        while True:
            await self._in_background(lambda: self.metrics.product.refresh(self.models.store))
            await asyncio.sleep(_METRICS_INTERVAL_S)

    async def _in_background(self, work: Callable[[], Any]) -> Any:
        """Return the result of ``work``; log its failure and return None."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._background_threads, work)
        except Exception:
            log.exception("background work failed; the Studio continues")


def _names_of_styles(settings: Settings) -> list[str]:
    """Return the names of the house styles; none that can be used ends the Studio."""
    try:
        return list(load_styles(settings.house_style))
    except BadInputError as error:
        log.warning("%s", error)
        return []


def _feedback(store: Store, settings: Settings) -> "Feedback":
    # Imported only here, because the Studio also works after the room is deleted.
    from dustjacket.feedback.store import Feedback

    return Feedback(store, days=settings.studio_feedback_days, share=settings.studio_sample_share)
