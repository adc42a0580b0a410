"""Parameters that trainings on books or covers share."""

from typing import ClassVar, Literal

from pydantic import Field

from dustjacket.pipeline.parameters import StepParameters


class RetrainingParameters(StepParameters):
    """Parameters that decide whether new books or covers are a reason to train again."""

    operational: ClassVar[frozenset[str]] = frozenset(
        {
            "retrain_on", "drift_violations", "drift_versions", "cooldown_days", "min_new_books",
            "max_retrains_per_month",
        }
    )  # fmt: skip

    retrain_on: Literal["version", "drift"] = Field(
        "version", description="Train again on each new version, or only when its books drifted"
    )
    drift_violations: int = Field(
        2, ge=1, le=52, description="Versions that must have drifted, of drift_versions"
    )
    drift_versions: int = Field(3, ge=1, le=52, description="Newest versions that are looked at")
    cooldown_days: float = Field(
        14, ge=0, le=3650, description="Days after a training in which drift starts no other"
    )
    min_new_books: int = Field(
        0, ge=0, le=10_000_000, description="Books or covers more than at the last training"
    )
    max_retrains_per_month: int = Field(
        2, ge=1, le=31, description="Trainings in 30 days that drift may start"
    )
