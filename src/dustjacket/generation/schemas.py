"""Parameters and facts of the evaluation of a generator."""

from typing import Any, ClassVar

from pydantic import Field

from dustjacket.pipeline.parameters import StepParameters
from dustjacket.promotion.schemas import GateFacts, RequireApproval


class GeneratorGateParameters(StepParameters):
    """The limits of the gate for generators."""

    operational: ClassVar[frozenset[str]] = frozenset({"require_approval"})

    min_titles: int = Field(
        100, ge=1, le=100_000, description="Test titles that a verdict requires"
    )
    min_ceiling: float = Field(
        0.6, ge=0, le=1, description="The judge's recall@10 of real art that a verdict requires"
    )
    max_near_copies: float = Field(
        0.02, ge=0, le=1, description="Maximum share of pictures that nearly copy a training cover"
    )
    max_kid_rise: float = Field(
        0.2, ge=0, le=10, description="Rise of KID to be excluded, as a share of the serving one's"
    )
    require_approval: RequireApproval = False


class GeneratorEvaluationParameters(GeneratorGateParameters):
    """Parameters of ``evaluate_generator``: the gate's limits, and how much is drawn."""

    main: ClassVar[frozenset[str]] = frozenset(
        {"min_titles", "max_near_copies", "max_kid_rise", "titles", "seeds"}
    )
    titles: int = Field(
        100, ge=1, le=100_000, description="Titles to draw for, about 1 s each and seed"
    )
    seeds: int = Field(1, ge=1, le=64, description="Pictures drawn for each title")
    training_covers: int = Field(
        2000, ge=2, le=100_000, description="Training covers that the judge learns from"
    )
    resamples: int = Field(200, ge=50, le=100_000, description="Resamples for the intervals of KID")
    seed: int = Field(13, ge=0, le=2**31 - 1, description="Random seed")


class GeneratorEvaluationFacts(GateFacts):
    """Facts of an evaluation, with the gate's decision.

    Attributes:
        side: the side of the split that the figures are of.
        judge: recall@10 of real art, on the validation and the test side.
        precision: R-precision of each set of pictures, by name; see
            :class:`~dustjacket.generation.measures.Precision`.
        kid: kernel inception distance to real art, by name, with intervals.
        diversity: of the pictures of one title, and of different real covers.
        near_copies: rate, interval, and the test of three samples.
        blind_pairs: votes of people, by generator; see :mod:`dustjacket.feedback.pairs`.
        seconds: of drawing and of all measurements.
    """

    side: str = "test"
    judge: dict[str, float] = {}
    precision: dict[str, Any] = {}
    kid: dict[str, Any] = {}
    diversity: dict[str, float] = {}
    near_copies: dict[str, Any] = {}
    blind_pairs: list[dict[str, Any]] = []
    seconds: dict[str, float] = {}
