"""The routes of blind pairs: two pictures, a vote, and what people chose so far."""

import asyncio
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request, Response
from starlette.exceptions import HTTPException

from dustjacket.studio.blind_pairs import Side
from dustjacket.studio.middleware import caller_of
from dustjacket.studio.problems import RESPONSES
from dustjacket.studio.routes import State
from dustjacket.studio.schemas import PairResponse, PairResult, PairVote

if TYPE_CHECKING:
    from dustjacket.feedback.store import Feedback
    from dustjacket.studio.app_state import AppState

pair_routes = APIRouter(prefix="/pairs", responses=RESPONSES)
Token = Annotated[str, Path(max_length=40)]


@pair_routes.post("", status_code=201)
async def deal(request: Request, state: State) -> PairResponse:
    """Return two pictures for one title; one of them was drawn, and nothing says which."""
    _kept(state)
    loop, caller = asyncio.get_running_loop(), caller_of(request.scope)
    pair = await loop.run_in_executor(state.image_threads, state.pairs.deal, caller)
    address = f"pairs/{pair.token}"
    return PairResponse(
        pair=pair.token, title=pair.title, left=f"{address}/left", right=f"{address}/right"
    )


@pair_routes.get("/results")
async def results(state: State) -> list[PairResult]:
    """Return what people chose so far, of votes that are published."""
    _kept(state)
    from dustjacket.feedback.pairs import read_pairs

    store, days = state.models.store, state.feedback_days
    shares = await asyncio.get_running_loop().run_in_executor(
        state.image_threads, read_pairs, store, days
    )
    return [PairResult.model_validate(share, from_attributes=True) for share in shares]


@pair_routes.get(
    "/{pair}/{side}", response_class=Response, responses={200: {"content": {"image/png": {}}}}
)
async def picture(pair: Token, side: Side, request: Request, state: State) -> Response:
    """Return one of the two pictures."""
    found = state.pairs.find(caller_of(request.scope), pair)
    headers = {"Cache-Control": "private, max-age=600"}
    return Response(found.images[side], media_type="image/png", headers=headers)


@pair_routes.post("/{pair}", status_code=204)
async def vote(pair: Token, vote: PairVote, request: Request, state: State) -> None:
    """Store which picture suits the title better, without the user's name; once for each pair."""
    feedback = _kept(state)
    found = state.pairs.close(caller_of(request.scope), pair)
    feedback.add_vote(
        found.title, None, "pair", found.generator, found.vote(vote.choice), {}, [found.other]
    )


def _kept(state: "AppState") -> "Feedback":
    if state.feedback is None:
        raise HTTPException(404, "votes are not stored: set DUSTJACKET_STUDIO_FEEDBACK=true")
    return state.feedback
