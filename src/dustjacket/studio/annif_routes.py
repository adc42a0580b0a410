"""Annif's REST API, version 1, so that its clients get suggestions of the classifier.

The schema is that of https://api.annif.org/v1/ui/. There is one project, whose texts are a title in
the first line and a description below it.
"""

import asyncio
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from dustjacket.errors import BadInputError
from dustjacket.studio.problems import RESPONSES
from dustjacket.studio.routes import State
from dustjacket.studio.schemas import (
    MAX_DESCRIPTION_CHARS,
    MAX_TITLE_CHARS,
    GenreQuery,
    GenreResponse,
)

PROJECT: Final = "dustjacket"
SUGGEST, SUGGEST_BATCH = "/suggest", "/suggest-batch"
MAX_DOCUMENTS, MAX_TEXT_BYTES = 32, 1_000_000

annif_routes = APIRouter(prefix="/v1", responses=RESPONSES)
Limit = Annotated[int, Field(ge=1, le=1000)]
Threshold = Annotated[float, Field(ge=0, le=1)]


class AnnifSubject(BaseModel):
    """A suggested subject."""

    uri: str
    label: str
    notation: str | None = None
    score: float


class AnnifResults(BaseModel):
    """The suggestions for a text, most likely first.

    Annif has no field ``sure``: whether the classifier is sure of the first.
    """

    results: list[AnnifSubject]
    sure: bool


class AnnifDocument(BaseModel):
    """A text, and what its caller calls it."""

    text: str
    document_id: str | None = None


class AnnifDocuments(BaseModel):
    """Texts to suggest subjects for."""

    documents: list[AnnifDocument] = Field(max_length=MAX_DOCUMENTS)


class AnnifBatchResults(AnnifResults):
    """The suggestions for one text of several."""

    document_id: str | None


@annif_routes.get("/")
async def info() -> dict[str, str]:
    """Return what this API is."""
    from importlib.metadata import version

    return {"title": "Dustjacket, by Annif's REST API", "version": version("dustjacket")}


@annif_routes.get("/projects")
async def projects(state: State) -> dict[str, list[dict[str, Any]]]:
    """Return the one project."""
    return {"projects": [_project(state)]}


@annif_routes.get("/projects/{project}")
async def project(project: str, state: State) -> dict[str, Any]:
    """Return a project."""
    _check(project)
    return _project(state)


def _project(state: State) -> dict[str, Any]:
    loaded = state.models.classifier.model
    return {
        "project_id": PROJECT,
        "name": "Dustjacket's genre classifier",
        "language": "und",
        "backend": {"backend_id": "dustjacket"},
        "vocab": {"vocab_id": "dustjacket", "languages": ["und"]},
        "vocab_language": "und",
        "is_trained": loaded is not None,
        "modification_time": loaded and loaded.manifest.published_at.isoformat(),
    }


def _check(project: str) -> None:
    if project != PROJECT:
        raise HTTPException(404, f"Project '{project[:40]}' not found: the one here is {PROJECT}")


@annif_routes.post("/projects/{project}" + SUGGEST)
async def suggest(
    project: str,
    state: State,
    text: Annotated[str, Form()],
    limit: Annotated[Limit, Form()] = 10,
    threshold: Annotated[Threshold, Form()] = 0.0,
) -> AnnifResults:
    """Suggest subjects for a text."""
    _check(project)
    return _results(await state.genres.submit(_query(text)), limit, threshold)


@annif_routes.post("/projects/{project}" + SUGGEST_BATCH)
async def suggest_batch(
    project: str,
    batch: AnnifDocuments,
    state: State,
    limit: Annotated[Limit, Query()] = 10,
    threshold: Annotated[Threshold, Query()] = 0.0,
) -> list[AnnifBatchResults]:
    """Suggest subjects for several texts."""
    _check(project)
    queries = [_query(document.text) for document in batch.documents]
    answers = await asyncio.gather(*map(state.genres.submit, queries))
    return [
        AnnifBatchResults(
            **_results(answer, limit, threshold).model_dump(), document_id=document.document_id
        )
        for answer, document in zip(answers, batch.documents, strict=True)
    ]


def _query(text: str) -> GenreQuery:
    title, _, description = text.strip().partition("\n")
    if not title.strip():
        raise BadInputError("text: give a title, and a description below it")
    return GenreQuery(
        title=title[:MAX_TITLE_CHARS], description=description[:MAX_DESCRIPTION_CHARS] or None
    )


def _results(answer: GenreResponse, limit: int, threshold: float) -> AnnifResults:
    subjects = [
        AnnifSubject(
            uri=f"urn:dustjacket:genre:{quote(share.genre, safe='')}",
            label=share.genre,
            score=share.probability,
        )
        for share in answer.genres
        if share.probability >= threshold
    ]
    return AnnifResults(results=subjects[:limit], sure=answer.sure)
