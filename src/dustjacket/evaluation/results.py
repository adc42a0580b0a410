"""All that an evaluation found, as facts of its manifest and as metrics."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from dustjacket.evaluation.ablation import Ablation, ablate
from dustjacket.evaluation.comparison import Comparison
from dustjacket.evaluation.contradictions import contradictions
from dustjacket.evaluation.drift import Drift
from dustjacket.evaluation.embeddings import Embedder
from dustjacket.evaluation.galleries import DIRECTIONS, Retrieved, hard_chance
from dustjacket.evaluation.genre import GenreTask, genre_task
from dustjacket.evaluation.recognition import Recognition, recognise
from dustjacket.feedback.queries import Queries
from dustjacket.metrics.retrieval import chance
from dustjacket.metrics.retrieval_intervals import Difference, paired_difference
from dustjacket.promotion.gate import GateInput


@dataclass(frozen=True)
class Results:
    """What was found.

    Attributes:
        retrieved: by name: starting, champion, with_genre and without_genre (the candidate with
            prompts of either make), fine_tuned (the one of these it was trained for).
        chance, hard_chance: what a model that knows nothing reaches, the latter by gallery.
        tested, leaked: test covers, and those left out for looking like a training cover.
        broken: covers that do not decode, by side of the split.
        difference: recall@10, title to cover, of the candidate less the champion.
        comparison: what the gate looks at.
        general: recognition of what no cover teaches, by model.
        contradictions: books whose cover says another genre than their title.
        drift: None where the champion was trained on no covers of ours.
        queries: None where the Studio has kept no feedback.
    """

    retrieved: dict[str, Retrieved]
    chance: dict[str, float]
    hard_chance: dict[str, dict[str, float]]
    tested: int
    leaked: int
    broken: dict[str, int]
    difference: Difference
    comparison: GateInput
    general: dict[str, Recognition]
    ablation: Ablation
    genre: GenreTask
    contradictions: pd.DataFrame
    drift: Drift | None
    queries: Queries | None

    def facts(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            **{name: found.figures for name, found in self.retrieved.items()},
            "chance": self.chance,
            "hard_chance": self.hard_chance,
            "gallery": self.tested,
            "leaked": self.leaked,
            "broken": self.broken,
            "difference": asdict(self.difference),
            "general": {name: found.facts() for name, found in self.general.items()},
            "ablation": self.ablation.facts(),
            "genre_task": {**asdict(self.genre), "chance": self.genre.chance},
            "contradictions": self.contradictions.drop(columns="at").to_dict("records"),
            "drift": self.drift and asdict(self.drift),
            "queries": self.queries and asdict(self.queries),
        }

    def metrics(self) -> dict[str, float]:
        """Return it for MLflow."""
        found: dict[str, float] = {}
        for name, retrieved in self.retrieved.items():
            figures = retrieved.figures
            parts: dict[str, Mapping[str, float]] = {way: figures[way] for way in DIRECTIONS}
            for gallery, ways in figures["hard"].items():
                parts |= {f"{gallery}.{way}": metrics for way, metrics in ways.items()}
            for part, metrics in parts.items():
                found |= {f"{name}.{part}.{metric}": value for metric, value in metrics.items()}
            for metric in ("similarity", "match_probability", "ece"):
                found[f"{name}.{metric}"] = figures[metric]
        found |= {f"general.{name}": one.accuracy for name, one in self.general.items()}
        for what in ("gain", "low", "high", "p"):
            found[f"difference.{what}"] = getattr(self.difference, what)
        found |= {"test_covers": self.tested, "leaked": self.leaked}
        found["broken"] = sum(self.broken.values())
        found |= self.drift.metrics() if self.drift else {}
        return found | (self.queries.metrics() if self.queries else {})


def measure(comparison: Comparison, drift: Drift | None, queries: Queries | None = None) -> Results:
    """Measure all models of a comparison.

    Args:
        drift, queries: what was found of them.
    """
    parameters = comparison.parameters
    resampling = {"resamples": parameters.bootstrap, "seed": parameters.seed}
    retrieved = {
        "starting": comparison.retrieve("starting", genre=comparison.genre),
        "champion": comparison.retrieve("champion", genre=comparison.genre),
        "with_genre": comparison.retrieve("candidate", genre=True),
        "without_genre": comparison.retrieve("candidate", genre=False),
    }
    retrieved["fine_tuned"] = retrieved["with_genre" if comparison.genre else "without_genre"]
    models = comparison.models
    general = _recognised(
        {"starting": models["starting"], "champion": models["champion"],
         "fine_tuned": models["candidate"]},
        **resampling,
    )  # fmt: skip
    of_candidate = {"starting": models["starting"], "fine_tuned": models["candidate"]}
    before, after = retrieved["champion"].hits(), retrieved["fine_tuned"].hits()
    difference = paired_difference(after, before, **resampling)
    kept = paired_difference(general["fine_tuned"].hits, general["champion"].hits, **resampling)
    books = comparison.library.books
    return Results(
        retrieved=retrieved,
        chance=chance(len(comparison.test)),
        hard_chance=hard_chance(comparison.galleries()),
        tested=len(comparison.test),
        leaked=comparison.leaked,
        broken=comparison.broken,
        difference=difference,
        comparison=GateInput(
            test_covers=len(comparison.test),
            champion=retrieved["champion"].figures["title_to_cover"]["recall_at_10"],
            candidate=retrieved["fine_tuned"].figures["title_to_cover"]["recall_at_10"],
            gain_interval=(difference.low, difference.high),
            by_genre=by_genre(before, after, comparison.tested["known_genre"]),
            general=(general["champion"].accuracy, general["fine_tuned"].accuracy),
            general_interval=(kept.low, kept.high),
            leaked_share=comparison.leaked_share,
        ),
        general=general,
        ablation=ablate(
            of_candidate, comparison.tested, comparison.test, comparison.sure, **resampling
        ),
        genre=genre_task(of_candidate, books, comparison.sides, **resampling),
        contradictions=contradictions(models["candidate"], books, comparison.sides),
        drift=drift,
        queries=queries,
    )


def by_genre(
    before: np.ndarray, after: np.ndarray, genres: pd.Series
) -> dict[str, tuple[float, float, int]]:
    """Return each genre's recall@10 of champion and candidate, and how many covers it has.

    Args:
        before, after: (n,) whether the champion and the candidate found the cover.
        genres: (n,) of the covers.
    """
    hits = pd.DataFrame({"before": before, "after": after, "genre": genres.to_numpy()})
    return {
        str(genre): (float(part["before"].mean()), float(part["after"].mean()), len(part))
        for genre, part in hits.groupby("genre")
    }


def _recognised(models: Mapping[str, Embedder], **resampling: int) -> dict[str, Recognition]:
    found: dict[str, Recognition] = {}
    for name, model in models.items():
        same = next((other for other in found if models[other] is model), None)
        found[name] = (
            found[same] if same else recognise(model.clip, model.batch, **resampling)
        )  # fmt: skip
    return found
