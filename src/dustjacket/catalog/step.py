"""The step ``ingest_catalog``: its parameters and its facts."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field

from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.parameters import StepParameters
from dustjacket.pipeline.step import Step
from dustjacket.records.parameters import RecordParameters
from dustjacket.storage.manifest import Facts, reasons_list

Preference = Literal["ours", "theirs"]


class CatalogParameters(StepParameters, RecordParameters):
    """Parameters of ``ingest_catalog``."""

    main: ClassVar[frozenset[str]] = frozenset(
        {
            "source",
            "title_column",
            "author_column",
            "genre_column",
            "description_column",
            "clean",
            "corrections",
        }
    )
    operational: ClassVar[frozenset[str]] = frozenset({"accept_changes"})

    source: str = Field(
        "",
        max_length=2000,
        description="Listing to read: path, s3:// or https:// address of a file, or a folder",
    )
    title_column: str = Field("", max_length=200, description="Column of titles, by its header")
    author_column: str = Field("", max_length=200, description="Column of authors")
    genre_column: str = Field("", max_length=200, description="Column of genres")
    description_column: str = Field("", max_length=200, description="Column of descriptions")
    enrich: str = Field(
        "",
        max_length=2000,
        description="Second source, of any format, whose descriptions, subjects, covers, languages "
        "and works join the records of this one by ISBN, work, or title and author",
    )
    prefer: Preference = Field(
        "ours", description="Whose value counts where this and the second source have one"
    )
    corrections: str = Field(
        "",
        max_length=2000,
        description="File or folder of corrections, which win over the listing: ISBN, or title and "
        "author; genre; who, when and why",
    )
    separator: str = Field(
        "", max_length=1, description="Separator of text tables; found in their content if empty"
    )
    encoding: str = Field(
        "", max_length=40, description="Encoding of texts, such as cp1251; found if empty"
    )
    clean: Literal["books", "paper"] = Field(
        "books",
        description="Cleaning rules: books, or paper, which only drops rows with an empty field",
    )
    genres: tuple[str, ...] = Field(
        (), max_length=1000, description="Genres to accept; other rows are rejected"
    )
    min_rows_per_genre: int = Field(
        2, ge=1, le=10_000, description="Reject rows of genres with fewer accepted rows than this"
    )
    max_title_length: int = Field(
        1000, ge=10, le=10_000, description="Reject titles longer than this, in characters"
    )
    max_row_drop: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Hold back a version that lost more than this share of books",
    )
    max_genre_drop: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Hold back a version if a genre lost more than this share",
    )
    max_mix_shift: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Hold back a version if more than this share of books changed genre",
    )
    accept_changes: bool = Field(False, description="Publish even if changes exceed these limits")

    @property
    def files(self) -> tuple[str, ...]:
        """Files beside the source whose content decides the result."""
        return (self.genre_mapping, self.expectations, self.enrich, self.corrections)


class FileFacts(BaseModel):
    """How one file of a listing was read.

    Attributes:
        columns: columns of each field, best first.
        unused: names of the other columns.
        warnings: what a person should look at.
    """

    file: str
    format: str
    encoding: str = ""
    encoding_reason: str = ""
    separator: str = ""
    columns: dict[str, tuple[str, ...]] = {}
    unused: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class CatalogFacts(Facts):
    """Facts of a catalogue.

    Attributes:
        files: how the first files were read.
        passed_over: why other files are no tables, by name.
        profile: statistics that the next version is compared with; see
            :class:`dustjacket.catalog.statistics.CatalogStatistics`.
        verdict: ``accepted``, or the changes that a person accepted.
    """

    rows_read: int
    rows_accepted: int
    rows_rejected: int
    rejected_by_reason: dict[str, int]
    files: list[FileFacts] = []
    passed_over: dict[str, str] = {}
    profile: dict[str, Any] | None = None
    verdict: str = "accepted"

    def outcome(self, parameters: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Return how many rows were accepted."""
        return f"{self.rows_accepted:,} of {self.rows_read:,} rows accepted"

    def details(self, parameters: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Return why rows were rejected."""
        return reasons_list(self.rejected_by_reason)


INGEST_CATALOG = Step(
    name="ingest_catalog",
    publishes=Kind.CATALOG,
    function="dustjacket.catalog.ingest:ingest_catalog",
    parameters=CatalogParameters,
    facts=CatalogFacts,
    experiment="ingestion",
    section="catalog",
)
STEPS = [INGEST_CATALOG]
