"""The step ``ingest_covers``: its parameters, its facts, and when it is run again."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.parameters import StepParameters
from dustjacket.pipeline.step import Status, Step
from dustjacket.storage.manifest import Facts, Manifest

if TYPE_CHECKING:
    from dustjacket.storage.store import Store


class CoversParameters(StepParameters):
    """Parameters of ``ingest_covers``."""

    source: str = Field(
        "",
        max_length=2000,
        description="Covers to read: a table or a folder, a path or s3:// address; a table also "
        "at http(s)://",
    )
    title_column: str = Field(
        "", max_length=200, description="Column of titles; empty: the known names"
    )
    author_column: str = Field(
        "", max_length=200, description="Column of authors; empty: the known names"
    )
    image_column: str = Field(
        "", max_length=200, description="Column of image paths or URLs; empty: the known names"
    )
    category_column: str = Field(
        "", max_length=200, description="Column of categories; empty: the known names"
    )
    short_side: int = Field(
        256, ge=32, le=1024, description="Pixels of a stored cover's shorter side; never enlarged"
    )
    image_format: Literal["jpeg", "webp"] = Field("jpeg", description="Format of stored covers")
    max_pixels: int = Field(
        50_000_000,
        ge=10_000,
        le=200_000_000,
        description="Reject images with more pixels than this",
    )
    max_bytes: int = Field(
        20_000_000,
        ge=10_000,
        le=200_000_000,
        description="Reject image files larger than this",
    )
    min_ink: float = Field(
        0.015,
        ge=0,
        le=0.5,
        description="Reject as placeholders covers that are one colour but for less than this",
    )
    placeholder_books: int = Field(
        5,
        ge=2,
        le=1_000_000,
        description="Reject as placeholders pictures that as many different books share",
    )
    max_reject_share: float = Field(
        0.5, ge=0, le=1, description="Fail if a greater share of the rows than this is rejected"
    )
    connections_per_host: int = Field(
        16, ge=1, le=256, description="Connections to one web host at a time, over all tasks"
    )
    image_deadline_s: float = Field(
        30, ge=1, le=600, description="Seconds that one image may take to fetch, retries included"
    )
    host_patience_s: float = Field(
        60, ge=1, le=3600, description="Seconds that a web host may stand still before it is left"
    )
    covers_per_shard: int = Field(1000, ge=10, le=20_000, description="Covers in one tar shard")


class CoversFacts(Facts):
    """Facts of a version of covers.

    Attributes:
        retriable: rejected rows whose image another attempt may fetch.
        content_hash: the same for the same accepted covers and groups.
        licence: of the images, if the source states one.
    """

    read: int
    accepted: int
    rejected: int
    rejected_by_reason: dict[str, int]
    retriable: int = 0
    content_hash: str = ""
    licence: str | None = None


class IngestCovers(Step):
    """Fetches images, so some rows may be rejected only because a server did not answer."""

    def review(self, version: Manifest, store: "Store") -> tuple[Status, str]:
        """Return RETRIABLE where another attempt may accept more rows."""
        if retriable := CoversFacts.of(version).retriable:
            return Status.RETRIABLE, (
                f"{version.kind}/{version.version} lacks {retriable} covers that could not be "
                "fetched then; another attempt may get them"
            )
        return super().review(version, store)


INGEST_COVERS = IngestCovers(
    name="ingest_covers",
    publishes=Kind.COVERS,
    function="dustjacket.covers.ingest:ingest_covers",
    parameters=CoversParameters,
    facts=CoversFacts,
    experiment="ingestion",
    section="covers",
)
STEPS = [INGEST_COVERS]
