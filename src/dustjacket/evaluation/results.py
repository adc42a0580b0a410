"""The results of an evaluation, as facts for its manifest and as metrics for MLflow."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from dustjacket.evaluation.ablation import Ablation, ablate
from dustjacket.evaluation.comparison import Comparison
from dustjacket.evaluation.contradictions import find_contradictions
from dustjacket.evaluation.drift import Drift
from dustjacket.evaluation.embeddings import Embedder
from dustjacket.evaluation.extras import Extra
from dustjacket.evaluation.galleries import DIRECTIONS, RetrievalResults, hard_chance
from dustjacket.evaluation.genre import GenreResults, measure_genres
from dustjacket.evaluation.recognition import (
    RecognitionResults,
    compare_recognition,
    measure_recognition,
)
from dustjacket.metrics.retrieval import chance
from dustjacket.metrics.retrieval_intervals import Difference, paired_difference
from dustjacket.promotion.gate import GateInput


@dataclass(frozen=True)
class Results:
    """The results of an evaluation.

    Attributes:
        retrieval: by name: starting, champion, and fine_tuned (the candidate).
        chance: retrieval metrics of random ranking.
        hard_chance: the same by hard gallery.
        tested: number of test covers, without the leaked ones.
        leaked: number of test covers left out because they look like a training cover.
        broken: covers that do not decode, by split.
        difference: title-to-cover recall@10 of candidate minus champion.
        gate_input: the figures that the gate decides on.
        general: recognition of things that covers do not teach, by model.
        contradictions: books whose cover suggests another genre than their title.
        drift: None if the champion was trained on no labelled covers.
        extras: measurements of optional rooms, by their name in facts.
    """

    retrieval: dict[str, RetrievalResults]
    chance: dict[str, float]
    hard_chance: dict[str, dict[str, float]]
    tested: int
    leaked: int
    broken: dict[str, int]
    difference: Difference
    gate_input: GateInput
    general: dict[str, RecognitionResults]
    ablation: Ablation
    genre: GenreResults
    contradictions: pd.DataFrame
    drift: Drift | None
    extras: Mapping[str, Extra]

    def facts(self) -> dict[str, Any]:
        """Return the results as JSON values."""
        return {
            **{name: results.metrics for name, results in self.retrieval.items()},
            "chance": self.chance,
            "hard_chance": self.hard_chance,
            "gallery": self.tested,
            "leaked": self.leaked,
            "broken": self.broken,
            "difference": asdict(self.difference),
            "general": {name: results.facts() for name, results in self.general.items()},
            "ablation": self.ablation.facts(),
            "genre_task": {**asdict(self.genre), "chance": self.genre.chance},
            "contradictions": self.contradictions.drop(columns="index").to_dict("records"),
            "drift": self.drift and asdict(self.drift),
            **{name: extra.facts for name, extra in self.extras.items()},
        }

    def metrics(self) -> dict[str, float]:
        """Return the metrics for MLflow."""
        metrics: dict[str, float] = {}
        for name, results in self.retrieval.items():
            parts: dict[str, Mapping[str, float]] = {
                direction: results.metrics[direction] for direction in DIRECTIONS
            }
            for gallery, directions in results.metrics["hard"].items():
                parts |= {f"{gallery}.{way}": values for way, values in directions.items()}
            for part, values in parts.items():
                metrics |= {f"{name}.{part}.{metric}": value for metric, value in values.items()}
            for metric in ("similarity", "match_probability", "ece"):
                metrics[f"{name}.{metric}"] = results.metrics[metric]
        metrics |= {f"general.{name}": results.accuracy for name, results in self.general.items()}
        for name in ("gain", "low", "high", "p"):
            metrics[f"difference.{name}"] = getattr(self.difference, name)
        metrics |= {"test_covers": self.tested, "leaked": self.leaked}
        metrics["broken"] = sum(self.broken.values())
        metrics |= self.drift.metrics() if self.drift else {}
        for extra in self.extras.values():
            metrics |= extra.metrics
        return metrics


def measure(
    comparison: Comparison, drift: Drift | None, extras: Mapping[str, Extra] | None = None
) -> Results:
    """Measure all models of a comparison.

    Args:
        drift: of :func:`~dustjacket.evaluation.comparison.drift_since_champion`.
        extras: of :func:`~dustjacket.evaluation.extras.measure_extras`.
    """
    retrieval = {
        "starting": comparison.retrieve("starting"),
        "champion": comparison.retrieve("champion"),
        "fine_tuned": comparison.retrieve("candidate"),
    }
    models = comparison.models
    ablated = {"starting": models["starting"], "fine_tuned": models["candidate"]}
    general = _measure_recognition(ablated | {"champion": models["champion"]})
    before, after = retrieval["champion"].hits(), retrieval["fine_tuned"].hits()
    difference = paired_difference(after, before, groups=comparison.test_groups)
    general_low, general_high = compare_recognition(general["fine_tuned"], general["champion"])
    books = comparison.covers.books
    return Results(
        retrieval=retrieval,
        chance=chance(len(comparison.test_indices)),
        hard_chance=hard_chance(comparison.galleries()),
        tested=len(comparison.test_indices),
        leaked=comparison.leaked,
        broken=comparison.broken,
        difference=difference,
        gate_input=GateInput(
            test_covers=len(comparison.test_indices),
            champion=retrieval["champion"].metrics["title_to_cover"]["recall_at_10"],
            candidate=retrieval["fine_tuned"].metrics["title_to_cover"]["recall_at_10"],
            gain_interval=(difference.low, difference.high),
            by_genre=by_genre(before, after, comparison.test_books["known_genre"]),
            general=(general["champion"].accuracy, general["fine_tuned"].accuracy),
            general_interval=(general_low, general_high),
            leaked_share=comparison.leaked_share,
        ),
        general=general,
        ablation=ablate(
            ablated, comparison.test_books, comparison.test_indices, comparison.min_confidence,
            trained_with_genre=comparison.genre,
        ),
        genre=measure_genres(ablated, books, comparison.splits),
        contradictions=find_contradictions(models["candidate"], books, comparison.splits),
        drift=drift,
        extras=extras or {},
    )  # fmt: skip


def by_genre(
    before: np.ndarray, after: np.ndarray, genres: pd.Series
) -> dict[str, tuple[float, float, int]]:
    """Return by genre: recall@10 of champion and candidate, and the number of covers.

    Args:
        before, after: (n,) whether the champion and the candidate found the cover.
        genres: (n,) of the covers.
    """
    hits = pd.DataFrame({"before": before, "after": after, "genre": genres.to_numpy()})
    return {
        str(genre): (float(part["before"].mean()), float(part["after"].mean()), len(part))
        for genre, part in hits.groupby("genre")
    }


def _measure_recognition(
    models: Mapping[str, Embedder],
) -> dict[str, RecognitionResults]:
    """Measure each model once, though it may have two names."""
    results: dict[str, RecognitionResults] = {}
    for name, model in models.items():
        measured = next((other for other in results if models[other] is model), None)
        results[name] = (
            results[measured] if measured else measure_recognition(model.clip, model.batch_size)
        )
    return results
