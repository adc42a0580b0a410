"""The routes that make cover concepts: jobs with progress, previews, and files."""

import asyncio
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Form, Path, Request, Response, UploadFile
from pydantic import Json
from starlette.exceptions import HTTPException

from dustjacket.errors import BadInputError
from dustjacket.generation.concept_request import ConceptRequest, ExportForm, check_art
from dustjacket.generation.concepts import Art, Concept, ConceptTools
from dustjacket.studio.app_state import AppState
from dustjacket.studio.concept_jobs import ConceptJob
from dustjacket.studio.handlers import found_cover
from dustjacket.studio.middleware import caller_of
from dustjacket.studio.problems import RESPONSES
from dustjacket.studio.routes import TURNED_OFF, State
from dustjacket.studio.schemas import ConceptJobResponse, ConceptQuery, ConceptResponse

OWN_ART: Final = "/own-art"
_MEDIA_TYPES: Final = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "json": "application/json",
}
_MAX_AGE_S = 3600

create_routes = APIRouter(prefix="/create", responses=RESPONSES)
JobId = Annotated[str, Path(max_length=40)]
Number = Annotated[int, Path(ge=0, le=100)]


@create_routes.post("", status_code=202)
async def create(query: ConceptQuery, request: Request, state: State) -> ConceptJobResponse:
    """Make concepts of a book's cover, or set type anew on the art of one that was made."""
    caller, art = caller_of(request.scope), None
    if query.art:
        art = _concept(state.concepts.find(caller, query.art.job), query.art.number).art
    elif not state.generation:
        raise HTTPException(404, TURNED_OFF)
    else:
        state.models.generator.require()
    wanted = ConceptRequest.model_validate(query.model_dump(exclude={"art"}))
    return _submit(state, ConceptJob(caller, wanted, art))


@create_routes.post(OWN_ART, status_code=202)
async def create_on_own_art(
    image: UploadFile,
    query: Annotated[Json[ConceptRequest], Form(description="the book, as JSON")],
    request: Request,
    state: State,
) -> ConceptJobResponse:
    """Set type on a picture; nothing is drawn."""
    body, loop = await image.read(), asyncio.get_running_loop()
    art = Art(await loop.run_in_executor(state.decoding_thread, check_art, body))
    return _submit(state, ConceptJob(caller_of(request.scope), query, art))


@create_routes.get("/{job}")
async def concepts(job: JobId, request: Request, state: State) -> ConceptJobResponse:
    """Return what a job has made so far."""
    return _response(state, state.concepts.find(caller_of(request.scope), job))


@create_routes.delete("/{job}", status_code=204)
async def cancel(job: JobId, request: Request, state: State) -> None:
    """Stop a job; what it has made is kept."""
    state.concepts.cancel(state.concepts.find(caller_of(request.scope), job))


@create_routes.get(
    "/{job}/{number}/preview",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
async def preview(job: JobId, number: Number, request: Request, state: State) -> Response:
    """Return a small picture of a concept."""
    found = _concept(state.concepts.find(caller_of(request.scope), job), number)
    headers = {"Cache-Control": f"private, max-age={_MAX_AGE_S}"}
    return Response(found.preview, media_type="image/jpeg", headers=headers)


@create_routes.get(
    "/{job}/{number}/cover.{form}",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in _MEDIA_TYPES.values()}}},
)
async def cover_file(
    job: JobId,
    number: Number,
    form: ExportForm,
    request: Request,
    state: State,
) -> Response:
    """Return a concept as a file in full size; a near copy of a real cover is refused."""
    found = _concept(state.concepts.find(caller_of(request.scope), job), number)
    body = await state.concepts.export(partial(ConceptTools.export, concept=found, form=form))
    headers = {"Content-Disposition": f'attachment; filename="cover-{number}.{form}"'}
    return Response(body, media_type=_MEDIA_TYPES[form], headers=headers)


def _concept(job: ConceptJob, number: int) -> Concept:
    if number >= len(job.concepts):
        raise HTTPException(404, "this job has made no concept of this number")
    return job.concepts[number]


def _submit(state: AppState, job: ConceptJob) -> ConceptJobResponse:
    if job.request.style not in ("", *state.styles):
        names = ", ".join(state.styles)
        raise BadInputError(f"style {job.request.style!r} is unknown: choose one of {names}")
    return _response(state, state.concepts.submit(job))


def _response(state: AppState, job: ConceptJob) -> ConceptJobResponse:
    return ConceptJobResponse(
        job=job.id,
        state=job.state,
        before=state.concepts.position(job),
        total=job.request.n,
        concepts=[
            ConceptResponse(
                number=number,
                seed=concept.art.seed,
                type_seed=concept.type_seed,
                preview=f"create/{job.id}/{number}/preview",
                score=concept.score,
                fit=concept.fit,
                untested=concept.art.untested,
                nearest=[found_cover(hit) for hit in concept.nearest],
                copy_of=concept.art.copy_of,
                copied=concept.copied and found_cover(concept.copied),
            )
            for number, concept in enumerate(job.concepts)
        ],
        problem=job.problem,
        generator=next((concept.art.generator for concept in job.concepts), None),
    )
