"""The step ``evaluate_clip``: its parameters and its facts."""

from typing import Any, ClassVar

from pydantic import ConfigDict, Field

from dustjacket.pipeline.kinds import Kind
from dustjacket.promotion.evaluation_step import EvaluationStep
from dustjacket.promotion.schemas import GateFacts, GateParameters

REPORT = "report.html"


class EvaluationParameters(GateParameters):
    """Parameters of ``evaluate_clip``: the gate's limits, and those of the measurements."""

    main: ClassVar[frozenset[str]] = frozenset(
        {"min_test_covers", "min_gain", "max_genre_drop", "max_forgetting", "max_leaked_share"}
    )
    removed: ClassVar[frozenset[str]] = frozenset({"match_cover", "match_prompts"})

    max_drift: float = Field(
        0.25, ge=0, le=100, description="Warn of drift above this population stability index (PSI)"
    )
    bootstrap: int = Field(
        1000, ge=100, le=100_000, description="Bootstrap resamples for each interval"
    )
    reading_covers: int = Field(
        200, ge=0, le=100_000, description="Test covers to read by OCR, 0.3 s each; 0: none"
    )
    batch_size: int = Field(128, ge=1, le=8192, description="Covers or texts embedded at a time")
    seed: int = Field(13, ge=0, le=2**31 - 1, description="Random seed")


class EvaluationFacts(GateFacts):
    """Facts of an evaluation, with the gate's decision.

    Attributes:
        starting, champion, fine_tuned: retrieval metrics of a model, by direction, with their
            intervals.
        chance, hard_chance: metrics of random ranking.
        gallery: number of test covers.
        leaked: number of test covers left out because they look like a training cover.
        broken: covers that do not decode, by side of the split.
        difference: recall@10 gained, with its interval.
        general: accuracy of general recognition, by model.
        missing: what was deleted and what the evaluation therefore lacks, one sentence each.

    Rooms that add a section to the report add facts of their own.
    """

    model_config = ConfigDict(extra="allow")

    starting: dict[str, Any] = {}
    champion: dict[str, Any] = {}
    fine_tuned: dict[str, Any] = {}
    chance: dict[str, float] = {}
    hard_chance: dict[str, dict[str, float]] = {}
    gallery: int = 0
    leaked: int = 0
    broken: dict[str, int] = {}
    difference: dict[str, Any] = {}
    general: dict[str, Any] = {}
    ablation: dict[str, Any] = {}
    genre_task: dict[str, Any] = {}
    contradictions: list[dict[str, Any]] = []
    drift: dict[str, Any] | None = None
    missing: list[str] = []
    reading: dict[str, Any] | None = None
    search: dict[str, Any] | None = None
    authors: dict[str, Any] | None = None
    queries: dict[str, Any] | None = None


EVALUATE_CLIP = EvaluationStep(
    name="evaluate_clip",
    publishes=Kind.EVALUATION,
    function="dustjacket.evaluation.evaluate:evaluate_clip",
    parameters=EvaluationParameters,
    facts=EvaluationFacts,
    reads=(Kind.CLIP_CANDIDATE,),
    promotes_to=Kind.COVER_CLIP,
    experiment="cover-clip",
    artifacts={"Report": REPORT},
    section="evaluation",
)
STEPS = [EVALUATE_CLIP]
