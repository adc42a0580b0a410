"""The Studio's app: its page, its API, and what keeps its models new."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
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

from dustjacket.clip.match_input import (
    IMAGE_LIMITS,
    MAX_PROMPT_LENGTH,
    MAX_PROMPTS,
    as_stored,
)
from dustjacket.errors import BadInputError
from dustjacket.settings import Settings
from dustjacket.studio.app_state import Studio
from dustjacket.studio.batch_csv import MOST_ROWS, parts, predictions, read_titles
from dustjacket.studio.handlers import match_response, see
from dustjacket.studio.metrics import MetricsMiddleware
from dustjacket.studio.middleware import (
    USER,
    AuthMiddleware,
    BodyLimitMiddleware,
    RateLimitMiddleware,
    SecurityHeadersMiddleware,
)
from dustjacket.studio.problems import RESPONSES, install_error_handlers
from dustjacket.studio.schemas import (
    LONGEST_TITLE,
    Book,
    CoverQuery,
    CoversAnswer,
    GenreAnswer,
    Health,
    Limits,
    MatchAnswer,
    ModelsAnswer,
    Version,
    VersionRef,
    Vote,
)

log = logging.getLogger(__name__)

PAGE = File(__file__).parent / "page"
LOCAL = ("127.0.0.1", "localhost")
"""Hosts that nobody elsewhere reaches."""
REFRESH_S = 5.0
_BATCH_BYTES = 20_000_000
_PARTS = {
    "genre_classifier": "classifier", "cover_clip": "clip", "starting_clip": "clip",
    "cover_index": "index",
}  # fmt: skip
_FORM_BYTES = IMAGE_LIMITS.max_bytes + MAX_PROMPTS * MAX_PROMPT_LENGTH * 4
LIMITS = Limits(
    title=LONGEST_TITLE,
    image_bytes=IMAGE_LIMITS.max_bytes,
    prompts=MAX_PROMPTS,
    batch_rows=MOST_ROWS,
    batch_bytes=_BATCH_BYTES,
)
# An uploaded picture stays in memory: beyond this many bytes it would go to a file.
MultiPartParser.spool_max_size = _FORM_BYTES


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
    install_error_handlers(app)
    app.include_router(questions)
    app.include_router(facts)
    app.mount("/", StaticFiles(directory=PAGE, html=True))
    # The last is the first that a request meets.
    app.add_middleware(
        BodyLimitMiddleware, most={"/match": _FORM_BYTES, "/genre/batch": _BATCH_BYTES}
    )
    app.add_middleware(RateLimitMiddleware, rate=settings.studio_rate, of_users=token is not None)
    app.add_middleware(AuthMiddleware, token=token)
    if token is None:
        # Else a page elsewhere could give its own name this machine's address, and ask.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOCAL])
    app.add_middleware(MetricsMiddleware, metrics=studio.metrics)
    app.add_middleware(SecurityHeadersMiddleware)
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
    cover = await asyncio.to_thread(as_stored, await image.read(), "the image")
    covers = studio.models.covers
    picture = await asyncio.to_thread(see, covers, cover)
    return await studio.covers.run(lambda: match_response(covers, picture, asked))


def _checked(prompts: Sequence[str]) -> list[str]:
    asked = [prompt.strip() for prompt in prompts if prompt.strip()]
    if len(asked) > MAX_PROMPTS or any(len(prompt) > MAX_PROMPT_LENGTH for prompt in asked):
        raise BadInputError(
            f"prompts: give at most {MAX_PROMPTS}, of at most {MAX_PROMPT_LENGTH:,} characters"
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


def _named(by: Sequence[VersionRef | Version]) -> dict[str, str]:
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
