"""The gate's parameters, and its decision as an evaluation's manifest records it."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from dustjacket.pipeline.parameters import StepParameters
from dustjacket.storage.manifest import Facts

_MARKS = {True: "✓", False: "✗", None: "-"}
RequireApproval = Annotated[
    bool,
    Field(description="Require a person's approval, in Airflow, of candidates that pass the gate"),
]
"""The parameter of every gate by which a person has the last word."""


class GateParameters(StepParameters):
    """The gate's limits."""

    operational: ClassVar[frozenset[str]] = frozenset({"require_approval"})

    min_test_covers: int = Field(
        100, ge=1, le=100_000, description="Test covers that a verdict requires"
    )
    min_gain: float = Field(
        0.0, ge=0, le=1, description="The interval of the gain in recall@10 must be above this"
    )
    min_genre_covers: int = Field(
        20, ge=1, le=100_000, description="Genres of fewer test covers are checked together"
    )
    max_genre_drop: float = Field(
        0.25, ge=0, le=1, description="Maximum significant drop of a genre's recall@10"
    )
    max_forgetting: float = Field(
        0.03, ge=0, le=1, description="Drop in accuracy of general recognition to be excluded"
    )
    max_leaked_share: float = Field(
        0.05, ge=0, le=1, description="Maximum share of test covers that look like a training cover"
    )
    require_approval: RequireApproval = False


class RuleFacts(BaseModel):
    """One rule of the gate: whether it held (None: not decided), and its figures."""

    model_config = ConfigDict(frozen=True)

    name: str
    held: bool | None
    sentence: str


class GateFacts(Facts):
    """The gate's decision on a candidate.

    Attributes:
        champion_version: ``<kind>/<version>`` of the champion that it was compared with; None
            if nothing serves yet.
        comparison: the metrics that the gate decided on.
    """

    verdict: str
    reason: str
    promoted: bool
    champion_version: str | None
    comparison: dict[str, Any] = {}
    rules: list[RuleFacts] = []

    def outcome(self, parameters: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Return the gate's verdict."""
        return self.verdict

    def details(self, parameters: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Return the verdict's reason, and each rule of the gate."""
        return "\n".join([f"**{self.verdict}**: {self.reason}\n", *map(rule_line, self.rules)])


def rule_line(rule: RuleFacts) -> str:
    """Return a rule as an item of a Markdown list: held, not held, or not decided."""
    return f"- {_MARKS[rule.held]} {rule.name}: {rule.sentence}"
