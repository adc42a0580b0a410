"""The task of the related work: a book's genre from its cover, its title, or both."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from dustjacket.clip.zero_shot import embed_genres
from dustjacket.evaluation.embeddings import Embedder
from dustjacket.metrics.bootstrap import Interval
from dustjacket.metrics.retrieval_intervals import mean_interval

_REGULARISATIONS = (1.0, 10.0, 100.0, 1000.0)  # of embeddings, whose length is 1
_WEIGHTS = np.linspace(0, 1, 21)
_LEAST = 1e-6


@dataclass(frozen=True)
class Literature:
    """A figure that others have published, on data of their own."""

    who: str
    what: str
    data: str
    top1: str
    top3: str


LITERATURE = (
    Literature("Iwana et al. 2016", "cover", "57,000 covers of 30 genres (Amazon)", ".247", ".403"),
    Literature("Lucieri et al. 2020", "cover and text", "30 genres (Amazon)", ".557", ""),
    Literature("Buczkowski et al. 2018", "cover", "14 genres", ".67 to .74", ""),
    Literature("Chiang et al. 2015", "cover and title", "5 genres", "", ""),
)
"""What stands beside our figures. Other books, genres and splits: to be read, not compared."""


@dataclass(frozen=True)
class GenreRow:
    """How often the true genre of a test cover is the first, or among the first three.

    Attributes:
        source: what the genre is told from.
        top3: None where only the likeliest genre is known.
    """

    source: str
    top1: float
    interval: Interval
    top3: float | None


@dataclass(frozen=True)
class Probe:
    """A logistic regression on embeddings: the linear probe of Radford et al. 2021.

    Attributes:
        model: None where the training covers have one genre only.
        genres: in the order of the probabilities.
    """

    model: LogisticRegression | None
    genres: list[str]

    def probabilities(self, covers: np.ndarray) -> np.ndarray:
        """Return (n, genres) of (n, d) embeddings; a genre without training covers has 0."""
        found = np.zeros((len(covers), len(self.genres)))
        if not len(covers):
            return found
        if self.model is None:
            return np.full_like(found, 1 / len(self.genres))
        places = [self.genres.index(genre) for genre in self.model.classes_]
        found[:, places] = self.model.predict_proba(covers)
        return found


def fit_probe(
    covers: np.ndarray,
    true: Sequence[str],
    checked: np.ndarray,
    checked_true: Sequence[str],
    genres: list[str],
) -> Probe:
    """Return the probe whose regularisation does best on covers that it was not fitted on.

    Args:
        covers: (n, d) embeddings of training covers.
        true: n genres.
        checked: (m, d) embeddings of validation covers; may be none.
        checked_true: m genres.
        genres: all there are.
    """
    if len(set(true)) < 2:
        return Probe(None, genres)
    tried = _REGULARISATIONS if len(checked) else _REGULARISATIONS[1:2]
    fitted = [LogisticRegression(C=c, max_iter=500).fit(covers, list(true)) for c in tried]
    if len(fitted) == 1:
        return Probe(fitted[0], genres)
    scores = [model.score(checked, list(checked_true)) for model in fitted]
    return Probe(fitted[int(np.argmax(scores))], genres)


def zero_shot(model: Embedder, rows: np.ndarray, genres: Sequence[str]) -> np.ndarray:
    """Return (rows, genres) probabilities, by covers' nearness to prompts that name the genre."""
    named = embed_genres(model.texts, genres)
    covers = model.covers(rows)
    if not len(rows):
        return np.empty((0, len(genres)))
    return np.asarray(softmax(model.clip.scale * covers @ named.T, axis=1))


def title_probabilities(books: pd.DataFrame, genres: Sequence[str]) -> np.ndarray:
    """Return (n, genres) probabilities that the classifier gave titles, over ``genres`` alone.

    Labels hold the likeliest genres; what is left is shared by the others evenly.

    Args:
        books: n rows of top: the likeliest genres and their probabilities.
    """
    found = np.zeros((len(books), len(genres)))
    place = {genre: at for at, genre in enumerate(genres)}
    for row, top in enumerate(books["top"]):
        for likely in top:
            if likely["genre"] in place:
                found[row, place[likely["genre"]]] = likely["probability"]
        rest = max(0.0, 1 - sum(likely["probability"] for likely in top))
        found[row, found[row] == 0] = rest / len(genres)
    found = np.maximum(found, _LEAST)
    shares: np.ndarray = found / found.sum(axis=1, keepdims=True)
    return shares


def fused(titles: np.ndarray, covers: np.ndarray, weight: float) -> np.ndarray:
    """Return (n, genres): the product of two probabilities, the covers' with ``weight`` of 0 to 1.

    Late fusion by a log-linear pool (Genest and Zidek 1986).
    """
    one, other = (np.log(np.maximum(each, _LEAST)) for each in (titles, covers))
    return np.asarray(softmax((1 - weight) * one + weight * other, axis=1))


def best_weight(titles: np.ndarray, covers: np.ndarray, true: np.ndarray) -> float:
    """Return the weight of the covers that is right most often; a half where there is none.

    Args:
        true: (n,) places of the true genres.
    """
    if not len(true):
        return 0.5
    right = [(fused(titles, covers, w).argmax(axis=1) == true).mean() for w in _WEIGHTS]
    best = np.flatnonzero(np.isclose(right, max(right)))
    return float(_WEIGHTS[best[len(best) // 2]])


def genre_row(
    source: str, found: np.ndarray, true: np.ndarray, *, top3: bool, resamples: int, seed: int
) -> GenreRow:
    """Return how good probabilities are.

    Args:
        found: (n, genres).
        true: (n,) places of the true genres.
        top3: whether more than the likeliest genre is known.
    """
    order = np.argsort(-found, axis=1, kind="stable")
    first = order[:, 0] == true
    among = (order[:, :3] == true[:, None]).any(axis=1)
    return GenreRow(
        source,
        float(first.mean()),
        mean_interval(first, resamples=resamples, seed=seed),
        float(among.mean()) if top3 else None,
    )


@dataclass(frozen=True)
class GenreTask:
    """All rows, over the covers whose true genre is known.

    Attributes:
        rows: empty where no test cover's true genre is known.
        genres: those present.
        weight: of the cover beside the title, chosen on the validation side.
    """

    rows: tuple[GenreRow, ...]
    genres: list[str]
    covers: int
    weight: float

    @property
    def chance(self) -> tuple[float, float]:
        """Top-1 and top-3 of a model that knows nothing."""
        n = max(1, len(self.genres))
        return 1 / n, min(1.0, 3 / n)


def genre_task(
    models: dict[str, Embedder],
    books: pd.DataFrame,
    sides: dict[str, np.ndarray],
    *,
    resamples: int,
    seed: int,
) -> GenreTask:
    """Tell genres from covers, titles and both.

    Args:
        models: by name; both are fused with the last.
        books: all covers' rows, of true_genre and top.
        sides: by split (train, validation, test), the numbers of their covers.
    """
    known = {
        split: rows[books["true_genre"].iloc[rows].notna().to_numpy(bool)]
        for split, rows in sides.items()
    }
    test = known["test"]
    genres = sorted({*books["true_genre"].iloc[np.concatenate(list(known.values()))]})
    if not len(test) or len(genres) < 2:
        return GenreTask((), genres, len(test), 0.5)
    place = {genre: at for at, genre in enumerate(genres)}
    true = {
        split: books["true_genre"].iloc[rows].map(place).to_numpy(np.int64)
        for split, rows in known.items()
    }
    titles = {split: title_probabilities(books.iloc[rows], genres) for split, rows in known.items()}
    top3 = books["top"].iloc[test].map(len).min() >= 3

    def row(source: str, found: np.ndarray, *, three: bool = True) -> GenreRow:
        return genre_row(
            source, found, true["test"], top3=three, resamples=resamples, seed=seed
        )  # fmt: skip

    rows = [
        row(f"cover alone, no training ({name})", zero_shot(model, test, genres))
        for name, model in models.items()
    ]
    covers: dict[str, np.ndarray] = {}
    for name, model in models.items():
        embedded = {split: model.covers(numbers) for split, numbers in known.items()}
        probe = fit_probe(
            embedded["train"], [genres[at] for at in true["train"]],
            embedded["validation"], [genres[at] for at in true["validation"]], genres,
        )  # fmt: skip
        covers = {split: probe.probabilities(vectors) for split, vectors in embedded.items()}
        rows.append(row(f"cover alone, linear probe ({name})", covers["test"]))
    weight = best_weight(titles["validation"], covers["validation"], true["validation"])
    rows += [
        row("title alone, our classifier", titles["test"], three=bool(top3)),
        row(
            f"title and cover, late fusion (cover's weight {weight:.2f})",
            fused(titles["test"], covers["test"], weight),
        ),
    ]
    return GenreTask(tuple(rows), genres, len(test), weight)
