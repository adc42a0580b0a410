"""Requests and responses of the Studio's API, as its OpenAPI schema shows them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from dustjacket.generation.concept_request import ConceptRequest
from dustjacket.genres.answers import Doubt
from dustjacket.genres.reasons import GenreReasons
from dustjacket.pipeline.step import Status
from dustjacket.retrieval.search import MAX_RESULTS

MAX_TITLE_CHARS, MAX_NAME_CHARS, MAX_DESCRIPTION_CHARS = 500, 300, 10_000
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TITLE_CHARS)
]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_NAME_CHARS)]

Description = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=MAX_DESCRIPTION_CHARS)
]


class BookQuery(BaseModel):
    """A book, which need not exist."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    author: Name | None = None


class GenreQuery(BookQuery):
    """A book whose genre is wanted."""

    description: Description | None = None


class CoverQuery(BookQuery):
    """A search for covers."""

    genre: Name | None = Field(None, description="only covers of this genre or category")
    top: int = Field(12, ge=1, le=MAX_RESULTS, description="maximum number of covers")


class VersionId(BaseModel):
    """The name of a published version."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
    version: Annotated[str, StringConstraints(pattern=r"^[0-9TZa-f-]{1,60}$")]


class Vote(BookQuery):
    """A user's rating of an answer."""

    on: Literal["genre", "cover"]
    answer: Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME_CHARS)] = Field(
        description="the genre, or the cover's id"
    )
    vote: Literal[1, -1]
    by: list[VersionId] = Field(
        max_length=4, description="versions that gave the answer, as its field `by` lists them"
    )


class VersionRef(BaseModel):
    """A published version that contributed to an answer."""

    kind: str
    version: str
    run: str | None = Field(description="address of its run in MLflow")
    note: str


class GenreShare(BaseModel):
    """The probability of a genre."""

    genre: str
    probability: float


class SubjectShare(BaseModel):
    """A subject that a classifier assigns."""

    subject: str = Field(description="scheme and code, or scheme and heading")
    probability: float


class WhyResponse(GenreReasons):
    """What speaks for the likeliest genre, and against it."""

    by: list[VersionRef]


class GenreResponse(BaseModel):
    """All genres, most probable first."""

    genres: list[GenreShare]
    sure: bool = Field(description="whether the classifier is sure of the first genre")
    doubt: Doubt | None = Field(
        description="why it is not sure: the probability is too low; too few books prove how often "
        "such answers are right; or no word of the book is known"
    )
    statement: str = Field(description="a sentence for people on how sure it is")
    subjects: list[SubjectShare] = Field(description="empty unless it was trained on subjects")
    max_error: float | None = Field(
        description="share of wrong genres, at most, among those that the classifier is sure of; "
        "null: it states none"
    )
    by: list[VersionRef]


class FoundCover(BaseModel):
    """A cover, and how well it matches the query."""

    id: str
    title: str
    author: str | None
    genre: str | None = Field(description="predicted")
    category: str | None = Field(description="from the cover set")
    match: float = Field(
        description="0 to 1, by which the covers are ordered: mean of the scaled "
        "cosine and of words; for a picture, the cosine"
    )
    score: float = Field(description="cosine similarity of the cover and the query")
    words: float = Field(description="0 to 1: how completely the query names the book")
    width: int
    height: int
    image: str = Field(description="address of the image, relative to the Studio's")


class SearchResponse(BaseModel):
    """Covers, best first."""

    covers: list[FoundCover]
    by: list[VersionRef]


class CoverResponse(BaseModel):
    """A cover of the index, and the covers that look most like it."""

    cover: FoundCover = Field(description="with scores of 0")
    similar: list[FoundCover]
    by: list[VersionRef]


class FoundTitle(BaseModel):
    """A book whose title matches a picture."""

    title: str
    author: str | None
    score: float = Field(description="cosine similarity of the picture and the title")


class PromptShare(BaseModel):
    """How well a prompt matches a picture, in comparison with the other prompts."""

    prompt: str
    cosine: float
    probability: float


class MatchResponse(BaseModel):
    """The genres, titles, covers and prompts that match a picture."""

    genres: list[GenreShare]
    titles: list[FoundTitle]
    covers: list[FoundCover]
    prompts: list[PromptShare]
    by: list[VersionRef]


class ConceptRef(BaseModel):
    """A concept that was made, whose art is used again."""

    job: Annotated[str, StringConstraints(pattern=r"^[\w-]{1,40}$")]
    number: int = Field(ge=0, le=100)


class ConceptQuery(ConceptRequest):
    """Concepts that are wanted; with ``art``, only type is set."""

    art: ConceptRef | None = Field(None, description="set type on this art, and draw nothing")


class ConceptResponse(BaseModel):
    """One concept of a book's cover."""

    number: int
    seed: int | None = Field(description="of the art; null for own art")
    type_seed: int = Field(description="of the layout")
    preview: str = Field(description="address of the preview, relative to the Studio's")
    score: float | None = Field(description="cosine similarity of the art and the book")
    fit: float | None = Field(
        description="share of the real covers that fit the book less; null if it is not known"
    )
    untested: bool = Field(description="whether what drew the art never passed an evaluation")
    nearest: list[FoundCover] = Field(description="real covers that are nearest to the art")
    copy_of: str | None = Field(
        description="id of the real cover that this one is too close to; it is then not exported"
    )
    copied: FoundCover | None = Field(description="that cover, if it is in the index")


class ConceptJobResponse(BaseModel):
    """A job that makes concepts, and those that it has made."""

    job: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    before: int = Field(description="jobs that come first")
    total: int
    concepts: list[ConceptResponse]
    problem: str | None = Field(description="why it failed")
    generator: str | None = Field(description="version that drew the art; null for own art")


class PairResponse(BaseModel):
    """Two pictures for one title, of which one was drawn."""

    pair: str
    title: str
    left: str = Field(description="address of a picture, relative to the Studio's")
    right: str


class PairVote(BaseModel):
    """Which picture of a pair suits the title better."""

    choice: Literal["left", "right", "neither"]


class PairResult(BaseModel):
    """What people chose of one generator's pictures beside those of another source."""

    generator: str
    other: str = Field(description="real: the book's own art; retrieved: what the search finds")
    votes: int
    undecided: int
    preferred: float | None = Field(description="share of the votes for the drawn picture")
    interval: tuple[float, float] = Field(description="its 95 % interval, by title")


class RequestLimits(BaseModel):
    """The largest requests that are accepted."""

    title: int
    image_bytes: int
    prompts: int
    batch_rows: int
    batch_bytes: int


class ModelsResponse(BaseModel):
    """The versions that serve now."""

    classifier: VersionRef | None = None
    clip: VersionRef | None = None
    index: VersionRef | None = None
    labels: VersionRef | None = None
    generator: VersionRef | None = None
    no_generator: str | None = Field(description="why no concepts can be drawn; null if they can")
    genres: list[str] = Field(description="values of the genre filter of a search")
    covers: int
    styles: list[str] = Field(description="house styles for concepts, the default first")
    feedback: bool = Field(description="whether votes are stored")
    airflow: bool = Field(description="whether the request came through Airflow")
    trained_on: str = Field(description="what the classifier learnt from; empty: there is none")
    examples: list[BookQuery] = Field(description="books whose genre the classifier gets right")
    limits: RequestLimits
    problem: str | None = Field(description="why a newer version does not serve")


class StepStatus(BaseModel):
    """Where the work of a step of the pipeline stands."""

    step: str
    status: Status | Literal["error"]
    version: str | None = Field(description="the version that holds the work, else the newest")
    published_at: datetime | None = Field(description="when that version was published")
    reason: str


class Health(BaseModel):
    """Whether the Studio runs, and which models it has loaded."""

    status: Literal["ok"] = "ok"
    genres: bool
    covers: bool


class Problem(BaseModel):
    """An error, as RFC 9457 defines it."""

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    detail: str
