"""The step ``index_covers``: its parameters and its facts."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.parameters import StepParameters
from dustjacket.pipeline.step import Step
from dustjacket.storage.manifest import Facts


class IndexParameters(StepParameters):
    """Parameters of ``index_covers``."""

    batch_size: int = Field(16, ge=1, le=8192, description="Covers embedded at a time")
    max_broken_share: float = Field(
        0.01, ge=0, le=1, description="Fail if more than this share of the covers cannot be decoded"
    )


class IndexFacts(Facts):
    """Facts of a cover index.

    Attributes:
        model: ``<kind>/<version>`` of the model that embedded the covers.
        weights: hash of that model's weights; None in the format of early releases.
        embedded, reused, unreadable: covers embedded by this run, with an embedding of an earlier
            index, and omitted.
    """

    model: str
    weights: str | None = None
    dimensions: int = 0
    embedded: int = 0
    reused: int = 0
    unreadable: int = 0

    def outcome(self, parameters: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Return how many covers were embedded, and how many embeddings reused."""
        return f"{self.embedded:,} covers embedded, {self.reused:,} reused"


INDEX_COVERS = Step(
    name="index_covers",
    publishes=Kind.COVER_INDEX,
    function="dustjacket.retrieval.build:index_covers",
    parameters=IndexParameters,
    facts=IndexFacts,
    reads=(Kind.COVERS,),
    optional_inputs=(Kind.COVER_CLIP,),
    section="index",
)
STEPS = [INDEX_COVERS]
