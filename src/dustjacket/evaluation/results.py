"""The results of an evaluation, as facts for its manifest and as metrics for MLflow."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dustjacket.clip.model import Clip, same_image_tower
from dustjacket.evaluation.ablation import Ablation, ablate
from dustjacket.evaluation.comparison import Comparison
from dustjacket.evaluation.contradictions import find_contradictions
from dustjacket.evaluation.drift import Drift
from dustjacket.evaluation.extras import Extra
from dustjacket.evaluation.galleries import DIRECTIONS, RetrievalResults, hard_chance
from dustjacket.evaluation.genre import GenreResults, measure_genres
from dustjacket.evaluation.recognition import (
    RecognitionResults,
    compare_recognition,
    embed_drawn,
    measure_recognition,
)
from dustjacket.metrics.paired import paired_outcome
from dustjacket.metrics.retrieval import chance
from dustjacket.metrics.retrieval_intervals import Difference, paired_difference
from dustjacket.promotion.gate import GateInput, GenreRow
from dustjacket.promotion.spending import sketch, uses


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
        drift: None if the champion was trained on no labelled covers, or they are gone.
        missing: what is gone and what the results therefore lack, one sentence each.
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
    general: Mapping[str, RecognitionResults]
    ablation: Ablation
    genre: GenreResults
    contradictions: pd.DataFrame
    drift: Drift | None
    missing: tuple[str, ...]
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
            "missing": list(self.missing),
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
    comparison: Comparison,
    drift: Drift | None,
    extras: Mapping[str, Extra] | None = None,
    general: Mapping[str, RecognitionResults] | None = None,
) -> Results:
    """Measure all models of a comparison, on the side of the split that it tests.

    Args:
        drift: of :func:`~dustjacket.evaluation.comparison.drift_since_champion`.
        extras: of :func:`~dustjacket.evaluation.extras.measure_extras`.
        general: of :func:`measure_general`, if it is measured already.
    """
    general = general or measure_general(comparison)
    retrieval = {
        "starting": comparison.retrieve("starting"),
        "champion": comparison.retrieve("champion"),
        "fine_tuned": comparison.retrieve("candidate"),
    }
    models = comparison.models
    ablated = {"starting": models["starting"], "fine_tuned": models["candidate"]}
    books = comparison.covers.books
    return Results(
        retrieval=retrieval,
        chance=chance(len(comparison.test_indices)),
        hard_chance=hard_chance(comparison.galleries()),
        tested=len(comparison.test_indices),
        leaked=comparison.leaked,
        broken=comparison.broken,
        difference=paired_difference(
            retrieval["fine_tuned"].hits(), retrieval["champion"].hits(),
            groups=comparison.test_groups,
        ),
        gate_input=gate_input(comparison, general),
        general=general,
        ablation=ablate(
            ablated, comparison.test_books, comparison.test_indices, comparison.min_confidence,
            trained_with_genre=comparison.genre,
        ),
        genre=measure_genres(ablated, books, comparison.splits),
        contradictions=find_contradictions(models["candidate"], books, comparison.splits),
        drift=drift,
        missing=comparison.lineage.missing,
        extras=extras or {},
    )  # fmt: skip


def gate_input(
    comparison: Comparison,
    general: Mapping[str, RecognitionResults],
    earlier: Sequence[Sequence[str] | None] = (),
) -> GateInput:
    """Return the figures of the gate.

    Args:
        general: of :func:`measure_general`.
        earlier: the test side of each earlier decision, for
            :func:`dustjacket.promotion.spending.uses`.
    """
    before, after = (comparison.retrieve(name).hits() for name in ("champion", "candidate"))
    groups = comparison.test_groups
    outcome = paired_outcome(after, before, groups)
    test_side = sketch(comparison.test_books["group"])
    return GateInput(
        test_covers=len(before),
        champion=float(before.mean()) if len(before) else 0.0,
        candidate=float(after.mean()) if len(after) else 0.0,
        gain_interval=outcome.interval(),
        size=outcome.size,
        gained=outcome.gained,
        lost=outcome.lost,
        better=outcome.better,
        worse=outcome.worse,
        by_genre=by_genre(before, after, comparison.test_books["known_genre"], groups),
        general=(general["champion"].accuracy, general["fine_tuned"].accuracy),
        general_interval=compare_recognition(general["fine_tuned"], general["champion"]),
        general_champion=general["champion"].interval,
        general_chance=general["champion"].chance,
        leaked_share=comparison.leaked_share,
        unchecked=comparison.lineage.unchecked,
        side=comparison.side,
        uses=uses(test_side, earlier),
        test_side=tuple(test_side),
    )


def by_genre(
    before: np.ndarray, after: np.ndarray, genres: pd.Series, groups: np.ndarray
) -> dict[str, GenreRow]:
    """Return the figures of the gate by genre.

    Args:
        before, after: (n,) hits of the champion and the candidate, from 0 to 1.
        genres: (n,) of the covers.
        groups: (n,) the code of each cover's book group.
    """
    rows = {}
    for genre in sorted(set(genres)):
        own = (genres == genre).to_numpy(bool)
        outcome = paired_outcome(after[own], before[own], groups[own])
        rows[str(genre)] = (
            float(before[own].mean()), float(after[own].mean()), outcome.books, outcome.better,
            outcome.worse,
        )  # fmt: skip
    return rows


def measure_general(
    comparison: Comparison, cache: Path | None = None
) -> dict[str, RecognitionResults]:
    """Measure general recognition of each model once, though it may have two names.

    Models with the same image tower, as those trained with a locked one, share its embeddings.

    Args:
        cache: of :func:`embed_drawn`.
    """
    models = {name: comparison.models[name] for name in ("starting", "champion")}
    models["fine_tuned"] = comparison.models["candidate"]
    results: dict[str, RecognitionResults] = {}
    embedded: list[tuple[Clip, dict[str, np.ndarray]]] = []
    for name, model in models.items():
        measured = next((other for other in results if models[other] is model), None)
        if measured:
            results[name] = results[measured]
            continue
        clip = model.clip
        images = next((found for other, found in embedded if same_image_tower(other, clip)), None)
        if images is None:
            images = embed_drawn(clip, model.batch_size, cache)
            embedded.append((clip, images))
        results[name] = measure_recognition(clip, model.batch_size, images)
    return results
