"""The report of an evaluation: all sections in order."""

from collections.abc import Sequence

from dustjacket.evaluation.comparison import Comparison
from dustjacket.evaluation.page import Section
from dustjacket.evaluation.results import Results
from dustjacket.evaluation.sections.classification import (
    contradictions_section,
    genre_section,
    recognition_section,
)
from dustjacket.evaluation.sections.examples import example_sections, map_section
from dustjacket.evaluation.sections.model_card import (
    covers_section,
    drift_section,
    missing_sections,
    model_card_section,
)
from dustjacket.evaluation.sections.retrieval import ablation_section, retrieval_section


def report_sections(
    comparison: Comparison, results: Results, card: Sequence[tuple[str, str]]
) -> list[Section]:
    """Return all sections of the report, in order.

    Args:
        card: names and values of the model card.
    """
    return [
        *missing_sections(results),
        retrieval_section(results),
        ablation_section(results),
        *(extra.section for extra in results.extras.values()),
        recognition_section(results),
        genre_section(results),
        *example_sections(comparison, results),
        map_section(comparison),
        contradictions_section(results),
        drift_section(results),
        covers_section(results),
        model_card_section(card),
    ]
