"""Figures of the gate, from counts of covers that only one of two models finds."""

from collections.abc import Mapping
from typing import Any

from dustjacket.metrics.paired import PairedOutcome
from dustjacket.promotion.gate import GateInput, GenreRow


def gate_case(
    better: int,
    worse: int,
    covers: int = 209,
    *,
    champion: float = 0.5,
    by_genre: Mapping[str, GenreRow] | None = None,
    **changes: Any,
) -> GateInput:
    """Return the figures of a candidate that only by its covers can be refused.

    Args:
        better, worse: covers that only the candidate, or only the champion, finds.
        changes: further attributes.
    """
    size = max(1, covers)
    outcome = PairedOutcome(covers, covers, better / size, worse / size, better, worse)
    values: dict[str, Any] = {
        "test_covers": covers,
        "champion": champion,
        "candidate": champion + outcome.gain,
        "gain_interval": outcome.interval(),
        "size": float(covers),
        "gained": outcome.gained,
        "lost": outcome.lost,
        "better": better,
        "worse": worse,
        "by_genre": by_genre or {},
        "general": (0.7, 0.7),
        "general_interval": (-0.01, 0.01),
        "general_champion": (0.68, 0.72),
        "general_chance": 0.06,
        "leaked_share": 0.0,
    }
    return GateInput(**values | changes)
