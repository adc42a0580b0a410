"""Measurements that an optional room adds to an evaluation; the gate uses none of them.

This is the only place that names such a room. Its code is loaded by name, so the evaluation works
without it, and a change in it does not make evaluations new.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from dustjacket.evaluation.page import Section

if TYPE_CHECKING:
    from dustjacket.evaluation.comparison import Comparison
    from dustjacket.storage.store import Store

_FEEDBACK = "dustjacket.feedback"


@dataclass(frozen=True)
class Extra:
    """One added measurement.

    Attributes:
        facts: JSON values for the manifest; None if there was nothing to measure.
        metrics: for MLflow.
        section: for the report.
    """

    facts: dict[str, Any] | None
    metrics: dict[str, float]
    section: Section


def measure_pairs(store: "Store") -> list[Extra]:
    """Return what people chose of blind pairs, if the room that keeps votes is installed."""
    if find_spec(_FEEDBACK) is None:
        return []
    return [resolve_name(f"{_FEEDBACK}.section:measure_pairs")(store)]


def measure_extras(store: "Store", comparison: "Comparison") -> dict[str, Extra]:
    """Return the measurements of the optional rooms that are installed, by their name in facts."""
    if find_spec(_FEEDBACK) is None:
        return {}
    measure_feedback = resolve_name(f"{_FEEDBACK}.section:measure_feedback")
    return {"queries": measure_feedback(store, comparison)}
