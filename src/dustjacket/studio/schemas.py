"""What the Studio is asked and what it answers, as its OpenAPI schema shows it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from dustjacket.retrieval.search import MAX_RESULTS

LONGEST_TITLE, LONGEST_NAME = 500, 300
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TITLE)
]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_NAME)]


class Book(BaseModel):
    """A book that may not exist yet."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    author: Name | None = None


class CoverQuery(Book):
    """A search for covers."""

    genre: Name | None = Field(None, description="only covers of this genre or category")
    top: int = Field(12, ge=1, le=MAX_RESULTS, description="how many covers, at most")


class Version(BaseModel):
    """A published version."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
    version: Annotated[str, StringConstraints(pattern=r"^[0-9TZa-f-]{1,60}$")]


class Vote(Book):
    """What a person thinks of an answer."""

    on: Literal["genre", "cover"]
    answer: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME)] = Field(
        description="the genre, or the cover's id"
    )
    vote: Literal[1, -1]
    by: list[Version] = Field(max_length=4, description="what gave the answer, as it says")


class VersionRef(BaseModel):
    """A published version that took part in an answer."""

    kind: str
    version: str
    run: str | None = Field(description="its run in MLflow")
    note: str


class GenreShare(BaseModel):
    """How probable a genre is."""

    genre: str
    probability: float


class GenreAnswer(BaseModel):
    """Every genre, likeliest first."""

    genres: list[GenreShare]
    by: list[VersionRef]


class FoundCover(BaseModel):
    """A cover, and how well it fits."""

    id: str
    title: str
    author: str | None
    genre: str | None = Field(description="predicted")
    category: str | None = Field(description="what the cover set says")
    score: float = Field(description="cosine")
    words: float = Field(description="from 0 to 1: how far the text names the book")
    width: int
    height: int
    image: str = Field(description="its address, from where the Studio is")


class CoversAnswer(BaseModel):
    """Covers, best first."""

    covers: list[FoundCover]
    by: list[VersionRef]


class FoundTitle(BaseModel):
    """A book whose title fits a picture."""

    title: str
    author: str | None
    score: float = Field(description="cosine of the picture and the title")


class PromptShare(BaseModel):
    """How well a prompt fits a picture, beside the other prompts."""

    prompt: str
    cosine: float
    probability: float


class MatchAnswer(BaseModel):
    """What a picture says."""

    genres: list[GenreShare]
    titles: list[FoundTitle]
    covers: list[FoundCover]
    prompts: list[PromptShare]
    by: list[VersionRef]


class Limits(BaseModel):
    """What is refused beyond."""

    title: int
    image_bytes: int
    prompts: int
    batch_rows: int
    batch_bytes: int


class ModelsAnswer(BaseModel):
    """What answers now."""

    classifier: VersionRef | None = None
    clip: VersionRef | None = None
    index: VersionRef | None = None
    labels: VersionRef | None = None
    genres: list[str] = Field(description="what covers can be filtered by")
    covers: int
    feedback: bool = Field(description="whether votes are kept")
    airflow: bool = Field(description="whether it is shown inside Airflow")
    limits: Limits
    problem: str | None = Field(description="why what is newer does not answer")


class Health(BaseModel):
    """Whether the Studio runs, and whether it has models to answer with."""

    status: Literal["ok"] = "ok"
    genres: bool
    covers: bool


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    detail: str
