"""The minimal facts of a manifest, by kind."""

from typing import Any

from dustjacket.pipeline.kinds import Kind

COUNTS = {"read": 1, "accepted": 1, "rejected": 0, "rejected_by_reason": {}}
GATE = {
    "promoted": True,
    "verdict": "promoted",
    "reason": "it is better",
    "champion_version": "starting_clip/none",
    "rules": [{"name": "better", "held": True, "sentence": "it is better"}],
}
LEAST: dict[str, dict[str, Any]] = {
    Kind.CATALOG: {
        "rows_read": 1, "rows_accepted": 1, "rows_rejected": 0, "rejected_by_reason": {},
    },
    Kind.COVERS: COUNTS,
    Kind.GENRE_CLASSIFIER: {
        "selected": "naive_bayes", "model_version": "1", "candidates": [], "test": {},
        "verdict": "promoted", "reason": "it is the first",
    },
    Kind.LABELLED_COVERS: {"labelled": 1},
    Kind.LABELLED_CATALOG: {
        "labelled": 1, "not_sure": 0, "held_out": 0, "subjects": {}, "contradicted": 0,
        "noise": 0.0, "noise_interval": (0.0, 0.8), "to_review": 0,
    },
    Kind.CLIP_CANDIDATE: {"starting_clip": "none"},
    Kind.EVALUATION: GATE,
    Kind.GENERATOR_EVALUATION: GATE | {"champion_version": None},
    Kind.COVER_INDEX: {"model": "cover_clip/none"},
}  # fmt: skip


def least_facts(kind: str, **more: Any) -> dict[str, Any]:
    """Return facts that a version of ``kind`` may have, with ``more`` on top."""
    return LEAST.get(kind, {}) | more
