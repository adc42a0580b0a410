"""The Studio's app: its page, its API, and what keeps its models new."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path as File
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Form, Path, Request, Response, UploadFile
from fastapi.responses import StreamingResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from starlette.middleware.trustedhost import TrustedHostMiddleware

from dustjacket.covers.check import check_cover
from dustjacket.errors import BadInputError
from dustjacket.evaluation.match import LONGEST_PROMPT, MOST_PROMPTS
from dustjacket.feedback import Feedback, delete_expired
from dustjacket.parameters import CoversParameters
from dustjacket.settings import Settings
from dustjacket.storage import Store
from dustjacket.studio.answers import (
    LONGEST_TITLE,
    Book,
    CoverQuery,
    CoversAnswer,
    GenreAnswer,
    Health,
    Limits,
    Made,
    MatchAnswer,
    ModelsAnswer,
    Version,
    Vote,
)
from dustjacket.studio.batching import Batcher
from dustjacket.studio.limits import USER, Bounded, Guarded, Rated, Secured
from dustjacket.studio.metrics import Measured, Metrics
from dustjacket.studio.models import Models
from dustjacket.studio.problems import RESPONSES, tell_problems
from dustjacket.studio.replies import see, tell_covers, tell_genres, tell_match
from dustjacket.studio.titles import MOST_ROWS, parts, predictions, read_titles

log = logging.getLogger(__name__)

PAGE = File(__file__).parent / "page"
LOCAL = ("127.0.0.1", "localhost")
"""Hosts that nobody elsewhere reaches."""
REFRESH_S = 5.0
FEEDBACK_S = 300.0
"""Between two publications of what people asked and voted."""
_PICTURE = CoversParameters()
_BATCH_BYTES = 20_000_000
_PARTS = {
    "genre_classifier": "classifier", "cover_clip": "clip", "starting_clip": "clip",
    "cover_index": "index",
}  # fmt: skip
_FORM_BYTES = _PICTURE.max_bytes + MOST_PROMPTS * LONGEST_PROMPT * 4
LIMITS = Limits(
    title=LONGEST_TITLE,
    image_bytes=_PICTURE.max_bytes,
    prompts=MOST_PROMPTS,
    batch_rows=MOST_ROWS,
    batch_bytes=_BATCH_BYTES,
)
# An uploaded picture stays in memory: beyond this many bytes it would go to a file.
MultiPartParser.spool_max_size = _FORM_BYTES


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
            lambda queries: tell_covers(self.models.covers, queries),
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


def create_app(settings: Settings, token: str | None, refresh_s: float = REFRESH_S) -> FastAPI:
    """Return the Studio.

    Args:
        settings: where everything published is.
        token: what callers have to prove; None lets everybody ask.
        refresh_s: seconds between two looks for what is newly published.
    """
    studio = Studio(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with studio.running(refresh_s):
            yield

    app = FastAPI(
        title="Dustjacket Studio",
        description="Titles and covers in, genres and covers out.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.studio = studio
    tell_problems(app)
    app.include_router(questions)
    app.include_router(facts)
    app.mount("/", StaticFiles(directory=PAGE, html=True))
    # The last is the first that a request meets.
    app.add_middleware(Bounded, most={"/match": _FORM_BYTES, "/genre/batch": _BATCH_BYTES})
    app.add_middleware(Rated, rate=settings.studio_rate, of_users=token is not None)
    app.add_middleware(Guarded, token=token)
    if token is None:
        # Else a page elsewhere could give its own name this machine's address, and ask.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOCAL])
    app.add_middleware(Measured, metrics=studio.metrics)
    app.add_middleware(Secured)
    app.state.in_airflow = token is not None
    return app


def _studio(request: Request) -> Studio:
    studio: Studio = request.app.state.studio
    return studio


TheStudio = Annotated[Studio, Depends(_studio)]


questions = APIRouter(responses=RESPONSES)
facts = APIRouter(responses={status: RESPONSES[status] for status in (401, 404, 503)})


@questions.post("/genre")
async def genre(book: Book, studio: TheStudio) -> GenreAnswer:
    """Tell a book's genre from its title, and its author where there is one."""
    return await studio.genres.ask(book)


@questions.post("/covers/search")
async def search(query: CoverQuery, studio: TheStudio) -> CoversAnswer:
    """Find the covers that fit a book best."""
    found = await studio.covers.ask(query)
    if studio.feedback:
        shown = [cover.id for cover in found.covers]
        studio.feedback.asked(query.title, query.author, query.genre, shown, _named(found.by))
    return found


@questions.post("/match")
async def match(
    image: UploadFile,
    studio: TheStudio,
    prompts: Annotated[list[str], Form()] = [],  # noqa: B006
) -> MatchAnswer:
    """Say what a picture of a cover shows: its genre, the nearest covers, and how prompts fit."""
    asked = _checked(prompts)
    body = await image.read()
    cover = await asyncio.to_thread(check_cover, body, _PICTURE)
    if isinstance(cover, str):
        raise BadInputError(
            f"the image is refused ({cover}): give a JPEG, PNG, WebP, GIF, BMP or TIFF of at most "
            f"{_PICTURE.max_bytes / 1e6:.0f} MB and {_PICTURE.max_pixels / 1e6:.0f} megapixels"
        )
    covers = studio.models.covers
    picture = await asyncio.to_thread(see, covers, cover.body)
    return await studio.covers.run(lambda: tell_match(covers, picture, asked))


def _checked(prompts: Sequence[str]) -> list[str]:
    asked = [prompt.strip() for prompt in prompts if prompt.strip()]
    if len(asked) > MOST_PROMPTS or any(len(prompt) > LONGEST_PROMPT for prompt in asked):
        raise BadInputError(
            f"prompts: give at most {MOST_PROMPTS}, of at most {LONGEST_PROMPT:,} characters"
        )
    return asked


@questions.post(
    "/genre/batch",
    response_class=StreamingResponse,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
    responses={
        200: {
            "description": "first how many rows there are, then their genres, some at a time",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        }
    },
)
async def genre_batch(request: Request, studio: TheStudio) -> StreamingResponse:
    """Tell the genres of all titles of a CSV file, as JSON Lines while they are found."""
    genres, body = studio.models.genres, await request.body()
    rows = await asyncio.to_thread(read_titles, body)

    async def lines() -> AsyncIterator[str]:
        yield _line({"rows": len(rows), "by": [made.model_dump() for made in genres.by]})
        done = 0
        for part in parts(rows):
            try:
                found = await studio.genres.run(lambda part=part: predictions(genres, part))  # type: ignore[misc]
            except Exception:
                log.exception("a part of a file could not be answered")
                yield _line({"error": "this should not happen: the Studio's log says more"})
                return
            done += len(part)
            yield _line({"predictions": found, "done": done})

    return StreamingResponse(lines(), media_type="application/x-ndjson")


def _line(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False) + "\n"


@questions.post("/feedback", status_code=204)
async def feedback(vote: Vote, studio: TheStudio) -> None:
    """Keep what a person thinks of an answer, without who."""
    if studio.feedback is None:
        raise HTTPException(404, "no votes are kept: set DUSTJACKET_STUDIO_FEEDBACK=true")
    by = _named(vote.by)
    studio.feedback.vote(vote.title, vote.author, vote.on, vote.answer, vote.vote, by)


def _named(by: Sequence[Made | Version]) -> dict[str, str]:
    """Return what gave an answer as it is kept."""
    return {_PARTS[one.kind]: f"{one.kind}/{one.version}" for one in by if one.kind in _PARTS}


@facts.get(
    "/covers/{cover}/image",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
async def image(cover: Annotated[str, Path(max_length=300)], studio: TheStudio) -> Response:
    """Show a cover."""
    show = studio.models.covers.image
    found = await asyncio.get_running_loop().run_in_executor(studio.images, show, cover)
    if found is None:
        raise HTTPException(404, "no cover of the index has this id")
    kind = "image/jpeg" if found[:2] == b"\xff\xd8" else "image/webp"
    # Its address has its hash: what it shows never changes.
    return Response(found, media_type=kind, headers={"Cache-Control": "private, max-age=604800"})


@facts.get("/models")
async def models(request: Request, studio: TheStudio) -> ModelsAnswer:
    """Say which versions answer now."""
    held = studio.models.covers.index if studio.models.ready[1] else None
    return ModelsAnswer(
        **studio.models.made,
        genres=held.genres if held else [],
        covers=len(held) if held else 0,
        feedback=studio.feedback is not None,
        airflow=request.app.state.in_airflow and USER in request.headers,
        limits=LIMITS,
        problem=studio.models.problem,
    )


@facts.get("/metrics", response_class=Response)
async def metrics(studio: TheStudio) -> Response:
    """Show what is counted, as Prometheus reads it."""
    return Response(generate_latest(studio.metrics.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


@facts.get("/health")
async def health(studio: TheStudio) -> Health:
    """Say whether the Studio runs, and whether it has models."""
    genres, covers = studio.models.ready
    return Health(genres=genres, covers=covers)
