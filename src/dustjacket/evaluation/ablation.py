"""The ablation that the paper planned: the effect of author and genre in the prompt."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from dustjacket.clip.prompts import prompt_variants
from dustjacket.evaluation.covers import group_codes
from dustjacket.evaluation.embeddings import Embedder
from dustjacket.metrics.retrieval import own_ranks, rank_metrics
from dustjacket.metrics.retrieval_intervals import Difference, paired_difference
from dustjacket.metrics.shares import share_interval

# In the order of prompt_variants.
PARTS = ("title", "title + author", "title + genre", "title + author + genre")
PREDICTED, TRUE = "predicted", "true"
MAX_P = 0.05
"""The largest p of the exact test at which the conclusion names an effect."""


@dataclass(frozen=True)
class AblationRow:
    """Retrieval of one model with one kind of prompt, over all test covers.

    Attributes:
        parts: what the prompt names, one of ``PARTS``.
        genre: "predicted" or "true"; empty if the prompt names no genre.
        recall_at_10, low, high: title-to-cover recall@10 and its 95 % interval.
        median_rank: of the own cover, title to cover.
        cover_to_title: cover-to-title recall@10.
    """

    model: str
    parts: str
    genre: str
    recall_at_10: float
    low: float
    high: float
    median_rank: float
    cover_to_title: float


@dataclass(frozen=True)
class Ablation:
    """The results of the ablation, and a conclusion in one sentence.

    Attributes:
        genre_gain: recall@10 gained by adding the predicted genre to title and author, for the
            last model.
    """

    rows: tuple[AblationRow, ...]
    genre_gain: Difference
    conclusion: str

    def facts(self) -> dict[str, Any]:
        """Return the ablation as JSON values."""
        return {
            "rows": [asdict(row) for row in self.rows],
            "genre_adds": asdict(self.genre_gain),
            "conclusion": self.conclusion,
        }


def prompts_by_parts(
    books: pd.DataFrame, min_confidence: float
) -> dict[tuple[str, str], list[str]]:
    """Return the prompts of all books, by what they name: (parts, whose genre).

    Args:
        books: n rows of title, author, genre, probability and true_genre. If no true genre is
            known, there are no prompts with it.
        min_confidence: a predicted genre of lower probability is left out of the prompt.
    """
    variants = prompt_variants(books, genre=True, min_confidence=min_confidence)
    prompts = {
        (PARTS[number], PREDICTED if number & 2 else ""): texts
        for number, texts in enumerate(variants)
    }
    known = books["true_genre"].notna()
    if known.any():
        with_true = books.assign(genre=books["true_genre"], probability=known.astype(float))
        variants = prompt_variants(with_true, genre=True, min_confidence=1.0)
        prompts |= {(PARTS[number], TRUE): variants[number] for number in (2, 3)}
    return prompts


def ablate(
    models: Mapping[str, Embedder],
    books: pd.DataFrame,
    indices: np.ndarray,
    min_confidence: float,
    *,
    trained_with_genre: bool,
) -> Ablation:
    """Measure the retrieval of each model with each kind of prompt.

    Args:
        models: by name; the conclusion is about the last.
        books: n test books.
        indices: (n,) of their covers.
        min_confidence: see :func:`prompts_by_parts`.
        trained_with_genre: whether the last model was trained with genres in prompts.
    """
    prompts, groups = prompts_by_parts(books, min_confidence), group_codes(books)
    rows = []
    hits: dict[tuple[str, str], np.ndarray] = {}
    for name, model in models.items():
        covers = model.embed_covers(indices)
        for (parts, genre), texts in prompts.items():
            titles = model.embed_texts(texts)
            ranks = own_ranks(titles, covers)
            hits[parts, genre] = ranks.hits(10)
            metrics = rank_metrics(ranks)
            low, high = share_interval(hits[parts, genre], groups)
            reverse = rank_metrics(own_ranks(covers, titles))["recall_at_10"]
            rows.append(
                AblationRow(
                    name, parts, genre, metrics["recall_at_10"], low, high,
                    metrics["median_rank"], reverse,
                )
            )  # fmt: skip
    genre_gain = paired_difference(hits[PARTS[3], PREDICTED], hits[PARTS[1], ""], groups=groups)
    return Ablation(
        tuple(rows),
        genre_gain,
        conclusion(genre_gain, len(books), trained_with_genre=trained_with_genre),
    )


def conclusion(gain: Difference, covers: int, *, trained_with_genre: bool) -> str:
    """Return one sentence on the effect of the genre in the prompts of one trained model.

    An effect needs both the interval and the exact test. One model is one draw of the training, so
    the sentence says nothing about training with or without genres: see
    ``make bench NAME=genre-prompt``.
    """
    if not covers:
        return "There is no test cover, so the effect of the genre is not known."
    if gain.p < MAX_P and gain.low > 0:
        outcome = "higher"
    elif gain.p < MAX_P and gain.high < 0:
        outcome = "lower"
    else:
        outcome = f"no difference that {covers:,} covers can show"
    return (
        f"For this model, trained {'with' if trained_with_genre else 'without'} genres in prompts, "
        "naming the predicted genre beside title and author changes title-to-cover recall@10 by "
        f"{gain.gain:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}; p = {gain.p:.2g}): {outcome}."
    )
