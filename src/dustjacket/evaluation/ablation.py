"""The ablation that the paper planned: what naming the author and the genre adds to a title."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from dustjacket.clip.prompts import prompt_variants
from dustjacket.evaluation.embeddings import Embedder
from dustjacket.metrics.retrieval import own_ranks, rank_metrics
from dustjacket.metrics.retrieval_intervals import Difference, paired_difference, rank_intervals

# In the order of prompt_variants.
PARTS = ("title", "title + author", "title + genre", "title + author + genre")
PREDICTED, TRUE = "predicted", "true"


@dataclass(frozen=True)
class Row:
    """One model with prompts of one make, over all test covers.

    Attributes:
        genre: predicted or true; empty where none is named.
        recall_at_10, low, high: title to cover, and its 95 % interval.
        cover_to_title: recall@10 the other way.
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
    """The table, and what it comes to in one sentence.

    Attributes:
        adds: what naming the predicted genre adds to title and author, of the last model.
    """

    rows: tuple[Row, ...]
    adds: Difference
    conclusion: str

    def facts(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "rows": [asdict(row) for row in self.rows],
            "genre_adds": asdict(self.adds),
            "conclusion": self.conclusion,
        }


def prompts(books: pd.DataFrame, sure: float) -> dict[tuple[str, str], list[str]]:
    """Return every make of prompt for all books, by its parts and whose genre it names.

    Args:
        books: n rows of title, author, genre, probability and true_genre; where no book's true
            genre is known, no prompt names one.
        sure: a predicted genre that is less probable is left out.
    """
    predicted = prompt_variants(books, genre=True, min_confidence=sure)
    made = {(PARTS[at], PREDICTED if at & 2 else ""): texts for at, texts in enumerate(predicted)}
    known = books["true_genre"].notna()
    if known.any():
        right = books.assign(genre=books["true_genre"], probability=known.astype(float))
        named = prompt_variants(right, genre=True, min_confidence=1.0)
        made |= {(PARTS[at], TRUE): named[at] for at in (2, 3)}
    return made


def ablate(
    models: Mapping[str, Embedder],
    books: pd.DataFrame,
    rows: np.ndarray,
    sure: float,
    *,
    resamples: int,
    seed: int,
) -> Ablation:
    """Measure each model with each make of prompt.

    Args:
        models: by name; the conclusion is about the last.
        books: n test books.
        rows: (n,) the numbers of their covers.
        sure: see :func:`prompts`.
    """
    table = []
    hits: dict[tuple[str, str], np.ndarray] = {}
    for name, model in models.items():
        covers = model.covers(rows)
        for (parts, genre), texts in prompts(books, sure).items():
            titles = model.texts(texts)
            found = own_ranks(titles, covers)
            hits[parts, genre] = found <= 10
            figures = rank_metrics(found)
            low, high = rank_intervals(found, resamples=resamples, seed=seed)["recall_at_10"]
            back = float((own_ranks(covers, titles) <= 10).mean()) if len(found) else 0.0
            table.append(
                Row(
                    name, parts, genre, figures["recall_at_10"], low, high,
                    figures["median_rank"], back,
                )
            )  # fmt: skip
    adds = paired_difference(
        hits[PARTS[3], PREDICTED], hits[PARTS[1], ""], resamples=resamples, seed=seed
    )  # fmt: skip
    return Ablation(tuple(table), adds, conclusion(adds, len(books)))


def conclusion(adds: Difference, covers: int) -> str:
    """Return in one sentence what naming the genre adds, as far as the interval can tell."""
    if not covers:
        return "There is no test cover, so nothing can be said of what naming the genre adds."
    figures = f"{adds.gain:+.3f} ({adds.low:+.3f} to {adds.high:+.3f}) to title-to-cover recall@10"
    if adds.low > 0:
        told = "it helps"
    elif adds.high < 0:
        told = "it hurts"
    else:
        told = f"no difference that {covers:,} covers can show"
    return f"Naming the predicted genre beside title and author adds {figures}: {told}."
