"""The step ``ingest_covers``: its parameters, its facts, and when its work is retried."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.parameters import StepParameters
from dustjacket.pipeline.step import Status, Step
from dustjacket.records.parameters import RecordParameters
from dustjacket.storage.manifest import Facts, Manifest, reasons_list

if TYPE_CHECKING:
    from dustjacket.settings import Settings
    from dustjacket.storage.store import Store


class CoversParameters(RecordParameters, StepParameters):
    """Parameters of ``ingest_covers``."""

    main: ClassVar[frozenset[str]] = frozenset(
        {"source", "title_column", "author_column", "image_column", "category_column", "catalog"}
    )
    source: str = Field(
        "",
        max_length=2000,
        description="Source of the covers: a table or a folder, as a path or s3:// address; a "
        "table also as http(s):// address",
    )
    title_column: str = Field(
        "", max_length=200, description="Column of titles; empty: detected by name"
    )
    author_column: str = Field(
        "", max_length=200, description="Column of authors; empty: detected by name"
    )
    image_column: str = Field(
        "", max_length=200, description="Column of image paths or URLs; empty: detected by name"
    )
    category_column: str = Field(
        "", max_length=200, description="Column of categories; empty: detected by name"
    )
    separator: str = Field(
        "", max_length=1, description="Separator of text tables; empty: found in their content"
    )
    encoding: str = Field(
        "", max_length=40, description="Encoding of text tables; empty: found in their content"
    )
    catalog: str = Field(
        "",
        max_length=2000,
        description="Listing with titles and ISBNs, for images that are named by ISBN alone: path, "
        "s3:// or https:// address; empty: the newest version of the catalogue",
    )
    short_side: int = Field(
        256,
        ge=32,
        le=1024,
        description="Shorter side of stored covers, in pixels; never enlarged",
    )
    image_format: Literal["jpeg", "webp"] = Field("jpeg", description="Format of stored covers")
    max_pixels: int = Field(
        50_000_000,
        ge=10_000,
        le=200_000_000,
        description="Reject images with more pixels than this; of other formats than JPEG, at most "
        "12 million",
    )
    max_bytes: int = Field(
        20_000_000,
        ge=10_000,
        le=200_000_000,
        description="Reject image files with more bytes than this",
    )
    min_ink: float = Field(
        0.015,
        title="least share of other colours",
        ge=0,
        le=0.5,
        description="Reject a cover as a placeholder if less than this share of its pixels differs "
        "from its main colour",
    )
    placeholder_books: int = Field(
        5,
        ge=2,
        le=1_000_000,
        description="Reject an image as a placeholder if this many different books share it",
    )
    max_reject_share: float = Field(
        0.5, ge=0, le=1, description="Fail if more than this share of the rows is rejected"
    )
    connections_per_host: int = Field(
        16, ge=1, le=256, description="Concurrent connections to one web host, over all tasks"
    )
    image_deadline_s: float = Field(
        30,
        title="time for one image (seconds)",
        ge=1,
        le=600,
        description="Maximum seconds to fetch one image, including retries",
    )
    host_patience_s: float = Field(
        60,
        title="give up on a host after (seconds)",
        ge=1,
        le=3600,
        description="Seconds of unresponsiveness after which a web host is given up",
    )
    covers_per_shard: int = Field(1000, ge=10, le=20_000, description="Covers per tar shard")

    @property
    def files(self) -> tuple[str, ...]:
        """Files beside the source whose content decides the result."""
        return (self.genre_mapping, self.expectations, self.catalog)


class CoversFacts(Facts):
    """Facts of a version of covers.

    Attributes:
        retriable: rejected rows whose image could not be fetched for a transient reason.
        content_hash: equal for the same accepted covers and groups.
        licence: of the images, if the source states one.
        columns: of each table, by its name: the column that was taken for each field.
        passed_over: why other files of the source were not used, by name.
        by_name: images whose names gave their books, because no table names them.
        reserved: accepted covers that no model is trained on.
    """

    read: int
    accepted: int
    rejected: int
    rejected_by_reason: dict[str, int]
    retriable: int = 0
    content_hash: str = ""
    licence: str | None = None
    columns: dict[str, dict[str, str]] = {}
    passed_over: dict[str, str] = {}
    by_name: int = 0
    reserved: int = 0

    def outcome(self, parameters: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Return how many covers were accepted."""
        return f"{self.accepted:,} of {self.read:,} covers accepted"

    def details(self, parameters: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Return why covers were rejected."""
        return reasons_list(self.rejected_by_reason)


class CoversStep(Step):
    """The step; a version is retriable if images failed to be fetched for transient reasons."""

    def fingerprint(self, source: str, store: "Store") -> str:
        """Return a digest of a source, with the images beside a single table."""
        from dustjacket.covers.source import fingerprint_of_covers

        return fingerprint_of_covers(source, store)

    def further_inputs(self, parameters: StepParameters, settings: "Settings") -> tuple[str, ...]:
        """Return the catalogue, if images are named by ISBN alone and no parameter gives titles."""
        from dustjacket.covers.source import is_named_by_isbn

        given = CoversParameters.model_validate(parameters.model_dump())
        if given.catalog or not given.source or not is_named_by_isbn(given.source, settings):
            return ()
        return (Kind.CATALOG,)

    def review(self, version: Manifest, store: "Store") -> tuple[Status, str]:
        """Return RETRIABLE if another attempt may accept more rows."""
        if retriable := CoversFacts.of(version).retriable:
            return Status.RETRIABLE, (
                f"{version.kind}/{version.version} lacks {retriable} covers that could not be "
                "fetched; another attempt may fetch them"
            )
        return super().review(version, store)


INGEST_COVERS = CoversStep(
    name="ingest_covers",
    publishes=Kind.COVERS,
    function="dustjacket.covers.ingest:ingest_covers",
    parameters=CoversParameters,
    facts=CoversFacts,
    experiment="ingestion",
    section="covers",
)
STEPS = [INGEST_COVERS]
