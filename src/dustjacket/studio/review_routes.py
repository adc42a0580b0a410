"""The routes of the review: the next books, decisions on them, and all decisions as a file."""

import asyncio
from typing import Annotated, Literal
from urllib.parse import unquote

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from dustjacket.labelling.decisions import PREFIX, as_csv, read_decisions
from dustjacket.studio.handlers import found_cover
from dustjacket.studio.middleware import PERSON_HEADER
from dustjacket.studio.problems import RESPONSES
from dustjacket.studio.routes import State
from dustjacket.studio.schemas import GenreShare, Name

review_routes = APIRouter(prefix="/review", responses=RESPONSES)
_HERE = "someone at this machine"
Remark = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class ReviewBook(BaseModel):
    """A book whose listed subject the classifier contradicts, and the evidence."""

    place: int = Field(description="in the list of its version")
    isbn: str | None
    title: str
    author: str | None
    description: str | None
    listed: str
    listed_probability: float
    subject: str = Field(description="the classifier's")
    probability: float
    alternatives: list[GenreShare]
    sure: bool
    cover: str | None = Field(description="address of the picture; null if the index has none")


class ReviewPage(BaseModel):
    """The next books to decide on."""

    version: str = Field(description="of labelled_catalog, with its attempt")
    total: int
    decided: int
    genres: list[str]
    corrections: str = Field(description="address for the parameter corrections of ingest_catalog")
    books: list[ReviewBook]


class ReviewDecision(BaseModel):
    """A person's decision on a book."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[str, StringConstraints(max_length=60)]
    place: int = Field(ge=0)
    choice: Literal["accept", "keep", "other"] = Field(
        description="the classifier's subject, the listed one, or another"
    )
    genre: Name = Field("", description="the other subject")
    remark: Remark = ""


class DecidedBook(BaseModel):
    """A decision as it is stored."""

    title: str
    genre: str
    who: str
    when: str


@review_routes.get("")
async def review(state: State, limit: Annotated[int, Query(ge=1, le=100)] = 10) -> ReviewPage:
    """Return the next books without a decision, those first that are most in doubt."""
    return await asyncio.to_thread(_page, state, limit)


def _page(state: State, limit: int) -> ReviewPage:
    reviews = state.reviews
    found, loaded = reviews.refreshed(), state.models.index.model
    index = loaded.index if loaded else None
    books = []
    for place, book in reviews.next_books(found, limit):
        key = reviews.cover_of(book, index)
        hit = index.cover(key) if index and key else None
        shares = [
            GenreShare(genre=one["subject"], probability=one["probability"])
            for one in book["alternatives"]
        ]
        books.append(
            ReviewBook(
                **{name: book[name] for name in ReviewBook.model_fields if name in book}
                | {"place": place, "isbn": book["isbn13"], "alternatives": shares},
                cover=found_cover(hit).image if hit else None,
            )
        )
    return ReviewPage(
        version=found.version,
        total=len(found.books),
        decided=reviews.decided(found),
        genres=found.genres,
        corrections=f"s3://{state.models.store.bucket}/{PREFIX}",
        books=books,
    )


@review_routes.post("")
async def decide(decision: ReviewDecision, request: Request, state: State) -> DecidedBook:
    """Store a decision, with the name of the person whom the proxy of Airflow names."""
    who = unquote(request.headers.get(PERSON_HEADER, "")) or _HERE
    stored = await asyncio.to_thread(
        state.reviews.decide,
        decision.version,
        decision.place,
        decision.choice,
        decision.genre,
        decision.remark,
        who,
    )
    return DecidedBook(title=stored.title, genre=stored.genre, who=stored.who, when=stored.when)


@review_routes.get(
    "/corrections.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def corrections(state: State) -> Response:
    """Return all decisions as a corrections file, which ``ingest_catalog`` reads."""
    decisions = await asyncio.to_thread(read_decisions, state.models.store)
    return Response(
        as_csv(decisions),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="corrections.csv"'},
    )
