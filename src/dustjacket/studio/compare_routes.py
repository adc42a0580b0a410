"""The route of the comparison of candidate and champion."""

import asyncio

from fastapi import APIRouter
from pydantic import BaseModel, Field

from dustjacket.clip.prompts import prompt
from dustjacket.studio.handlers import found_cover
from dustjacket.studio.problems import RESPONSES
from dustjacket.studio.routes import State
from dustjacket.studio.schemas import BookQuery, FoundCover, VersionRef

_TOP = 8
compare_routes = APIRouter(responses=RESPONSES)


class ComparedResponse(BaseModel):
    """The covers that the champion finds for a book, and those that the newest candidate finds."""

    champion: list[FoundCover]
    candidate: list[FoundCover]
    covers: int = Field(description="covers that both search")
    by: list[VersionRef] = Field(description="the champion, then the candidate")


@compare_routes.post("/compare")
async def compare(book: BookQuery, state: State) -> ComparedResponse:
    """Find the covers that champion and candidate each find best for a book, among the same ones.

    The first question makes the candidate be read, which takes a minute or two: until then the
    answer is 503, with how far it is.
    """
    index = state.models.index.require()
    compared = await asyncio.to_thread(state.candidates.compared, index)
    text = prompt(book.title, book.author or None)

    def search() -> ComparedResponse:
        from dustjacket.clip.embed import embed_texts

        by_champion = compared.champion.search(index.embed_texts([text])[0], text, _TOP)
        by_candidate = compared.own.search(embed_texts(compared.clip, [text])[0], text, _TOP)
        candidate = compared.manifest
        note = f"since {candidate.published_at:%d %B %Y}"
        ref = VersionRef(kind=candidate.kind, version=candidate.version, run=None, note=note)
        return ComparedResponse(
            champion=[found_cover(hit) for hit in by_champion],
            candidate=[found_cover(hit) for hit in by_candidate],
            covers=len(compared.own),
            by=[index.by[0], ref],
        )

    return await state.covers.run(search)
