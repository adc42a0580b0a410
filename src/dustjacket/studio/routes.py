"""The routes of the Studio's API."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Path, Request, Response, UploadFile
from fastapi.responses import StreamingResponse
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from starlette.exceptions import HTTPException

from dustjacket.clip.match_input import (
    IMAGE_LIMITS,
    MAX_PROMPT_LENGTH,
    MAX_PROMPTS,
    as_stored,
)
from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.studio.app_state import AppState
from dustjacket.studio.batch import MAX_ROWS, chunks, predictions, read_titles
from dustjacket.studio.batch_file import MEDIA_TYPE, workbook
from dustjacket.studio.handlers import cover_response, embed_image, match_response, why_response
from dustjacket.studio.middleware import USER_HEADER
from dustjacket.studio.problems import RESPONSES, UNEXPECTED
from dustjacket.studio.schemas import (
    MAX_TITLE_CHARS,
    CoverQuery,
    CoverResponse,
    GenreQuery,
    GenreResponse,
    Health,
    MatchResponse,
    ModelsResponse,
    RequestLimits,
    SearchResponse,
    StepStatus,
    VersionId,
    VersionRef,
    Vote,
    WhyResponse,
)
from dustjacket.upkeep.operations import Operations

log = logging.getLogger(__name__)

LIMITS = RequestLimits(
    title=MAX_TITLE_CHARS,
    image_bytes=IMAGE_LIMITS.max_bytes,
    prompts=MAX_PROMPTS,
    batch_rows=MAX_ROWS,
    batch_bytes=20_000_000,
)
TURNED_OFF = "cover generation is turned off: set DUSTJACKET_GENERATION=true"
_FEEDBACK_FIELDS = {
    "genre_classifier": "classifier", "cover_clip": "clip", "starting_clip": "clip",
    "cover_index": "index",
}  # fmt: skip
"""The field of a feedback record that holds a version, by the version's kind."""


def _state(request: Request) -> AppState:
    state: AppState = request.app.state.studio
    return state


State = Annotated[AppState, Depends(_state)]


query_routes = APIRouter(responses=RESPONSES)
info_routes = APIRouter(responses={status: RESPONSES[status] for status in (401, 404, 503)})


@query_routes.post("/genre")
async def genre(book: GenreQuery, state: State) -> GenreResponse:
    """Predict a book's genre from its title and, if given, its author and its description."""
    return await state.genres.submit(book)


@query_routes.post("/genre/why")
async def why(book: GenreQuery, state: State) -> WhyResponse:
    """Show which words speak for a book's genre and against it, and similar training books."""
    return await asyncio.to_thread(why_response, state.models.classifier.require(), book)


@query_routes.post("/covers/search")
async def search(query: CoverQuery, state: State) -> SearchResponse:
    """Find the covers that match a book best."""
    response = await state.covers.submit(query)
    if state.feedback:
        cover_ids = [cover.id for cover in response.covers]
        state.feedback.add_query(
            query.title, query.author, query.genre, cover_ids, _feedback_versions(response.by)
        )
    return response


@query_routes.post("/match")
async def match(
    image: UploadFile,
    state: State,
    prompts: Annotated[list[str], Form()] = [],  # noqa: B006
) -> MatchResponse:
    """Find the genres, titles, covers and prompts that match the picture of a cover."""
    texts = _check_prompts(prompts)
    body, loop = await image.read(), asyncio.get_running_loop()
    cover = await loop.run_in_executor(state.decoding_thread, as_stored, body, "the image")
    index = state.models.index.require()
    vector = await asyncio.to_thread(embed_image, index, cover)
    return await state.covers.run(lambda: match_response(index, vector, texts))


def _check_prompts(prompts: Sequence[str]) -> list[str]:
    texts = [prompt.strip() for prompt in prompts if prompt.strip()]
    if len(texts) > LIMITS.prompts or any(len(text) > MAX_PROMPT_LENGTH for text in texts):
        raise BadInputError(
            f"prompts: give at most {LIMITS.prompts}, of at most {MAX_PROMPT_LENGTH:,} characters"
        )
    return texts


_TABLE = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("text/csv", MEDIA_TYPE, "application/vnd.oasis.opendocument.spreadsheet")
        },
    }
}


@query_routes.post(
    "/genre/batch",
    response_class=StreamingResponse,
    openapi_extra=_TABLE,
    responses={
        200: {
            "description": "the number of rows, then the predictions in chunks",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        }
    },
)
async def genre_batch(request: Request, state: State) -> StreamingResponse:
    """Predict the genres of all titles of a table, as a stream of JSON Lines."""
    classifier, body = state.models.classifier.require(), await request.body()
    table = await asyncio.to_thread(read_titles, body)
    rows = table.rows

    async def lines() -> AsyncIterator[str]:
        yield _line(
            {
                "rows": len(rows),
                "columns": table.columns,
                "separator": table.separator,
                "by": [ref.model_dump() for ref in classifier.by],
            }
        )
        done = 0
        for chunk in chunks(rows):
            try:
                predicted = await state.genres.run(
                    lambda chunk=chunk: predictions(classifier, chunk)  # type: ignore[misc]
                )
            except Exception:
                log.exception("the prediction of a table failed after %d rows", done)
                yield _line({"error": UNEXPECTED})
                return
            done += len(chunk)
            yield _line({"predictions": predicted, "done": done})

    return StreamingResponse(lines(), media_type="application/x-ndjson")


@query_routes.post(
    "/genre/batch/xlsx",
    response_class=Response,
    openapi_extra=_TABLE,
    responses={200: {"content": {MEDIA_TYPE: {}}}},
)
async def genre_workbook(request: Request, state: State) -> Response:
    """Return a table of titles as an Excel workbook, with the genre of each in further columns."""
    classifier, body = state.models.classifier.require(), await request.body()
    table = await asyncio.to_thread(read_titles, body)
    predicted: list[dict[str, Any]] = []
    for chunk in chunks(table.rows):
        predicted += await state.genres.run(
            lambda chunk=chunk: predictions(classifier, chunk)  # type: ignore[misc]
        )
    return Response(await asyncio.to_thread(workbook, table, predicted), media_type=MEDIA_TYPE)


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"


@query_routes.post("/feedback", status_code=204)
async def feedback(vote: Vote, state: State) -> None:
    """Store a user's rating of an answer, without the user's name."""
    if state.feedback is None:
        raise HTTPException(404, "votes are not stored: set DUSTJACKET_STUDIO_FEEDBACK=true")
    versions = _feedback_versions(vote.by)
    state.feedback.add_vote(vote.title, vote.author, vote.on, vote.answer, vote.vote, versions)


def _feedback_versions(by: Sequence[VersionRef | VersionId]) -> dict[str, str]:
    return {
        _FEEDBACK_FIELDS[ref.kind]: f"{ref.kind}/{ref.version}"
        for ref in by
        if ref.kind in _FEEDBACK_FIELDS
    }


CoverId = Annotated[str, Path(max_length=300)]
_NO_COVER = "no cover of the index has this id"


@info_routes.get("/covers/{cover}")
async def cover(cover: CoverId, state: State) -> CoverResponse:
    """Return a cover and the covers that look most like it."""
    index = state.models.index.require()
    response = await state.covers.run(lambda: cover_response(index, cover))
    if response is None:
        raise HTTPException(404, _NO_COVER)
    return response


@info_routes.get(
    "/covers/{cover}/image",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
async def image(cover: CoverId, state: State) -> Response:
    """Return the image of a cover."""
    read = state.models.index.require().read_image
    body = await asyncio.get_running_loop().run_in_executor(state.image_threads, read, cover)
    if body is None:
        raise HTTPException(404, _NO_COVER)
    media_type = "image/jpeg" if body[:2] == b"\xff\xd8" else "image/webp"
    # The address contains the image's hash, so browsers may cache it.
    return Response(
        body, media_type=media_type, headers={"Cache-Control": "private, max-age=604800"}
    )


@info_routes.get("/models")
async def models(request: Request, state: State) -> ModelsResponse:
    """Return the versions that serve now."""
    index, classifier = state.models.index.model, state.models.classifier.model
    return ModelsResponse(
        **state.models.versions,
        genres=index.genre_names if index else [],
        covers=len(index.index) if index else 0,
        no_generator=_no_generator(state),
        styles=state.styles,
        trained_on=classifier.trained_on if classifier else "",
        examples=state.examples,
        feedback=state.feedback is not None,
        airflow=USER_HEADER in request.headers,
        limits=LIMITS,
        problem=state.models.problem,
    )


def _no_generator(state: AppState) -> str | None:
    """Return why no concepts can be drawn, or None if they can."""
    if not state.generation:
        return TURNED_OFF
    try:
        state.models.generator.require()
    except NotReadyError as error:
        return str(error)
    return None


@info_routes.get("/steps")
async def steps(state: State) -> list[StepStatus]:
    """Return where the work of each step stands, with the parameters of its newest version."""
    return await state.steps.value()


@info_routes.get("/operations")
async def operations(state: State) -> Operations:
    """Return what serves and why, what runs, what failed and its cure, what waits, and the disk."""
    return await state.operations.value()


@info_routes.get("/metrics", response_class=Response)
async def metrics(state: State) -> Response:
    """Return the metrics in Prometheus's text format."""
    return Response(generate_latest(state.metrics.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


@info_routes.get("/health")
async def health(state: State) -> Health:
    """Return whether the Studio runs, and which models it has loaded."""
    models = state.models
    return Health(genres=models.classifier.model is not None, covers=models.index.model is not None)
