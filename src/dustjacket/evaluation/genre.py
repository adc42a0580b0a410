"""The task of the related work: predict a book's genre from its cover, its title, or both."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from dustjacket.clip.zero_shot import embed_genres
from dustjacket.evaluation.covers import group_codes
from dustjacket.evaluation.embeddings import Embedder
from dustjacket.metrics.bootstrap import Interval
from dustjacket.metrics.shares import share_interval

_INVERSE_REGULARISATIONS = (1.0, 10.0, 100.0, 1000.0)  # for embeddings of unit length
_WEIGHTS = np.linspace(0, 1, 21)
_MIN_PROBABILITY = 1e-6


@dataclass(frozen=True)
class GenreAccuracy:
    """How often the true genre of a test cover is ranked first, or among the first three.

    Attributes:
        source: what the genre is predicted from.
        interval: 95 % interval of ``top1``.
        top3: None if only the most probable genre is known.
    """

    source: str
    top1: float
    interval: Interval
    top3: float | None


@dataclass(frozen=True)
class LinearProbe:
    """A logistic regression on embeddings: the linear probe of Radford et al. 2021.

    Attributes:
        model: None if all training covers have the same genre.
        genres: in the order of the probabilities.
    """

    model: LogisticRegression | None
    genres: list[str]

    def probabilities(self, covers: np.ndarray) -> np.ndarray:
        """Return (n, genres) for (n, d) embeddings; a genre without training covers gets 0."""
        probabilities = np.zeros((len(covers), len(self.genres)))
        if not len(covers):
            return probabilities
        if self.model is None:
            return np.full_like(probabilities, 1 / len(self.genres))
        columns = [self.genres.index(genre) for genre in self.model.classes_]
        probabilities[:, columns] = self.model.predict_proba(covers)
        return probabilities


def fit_probe(
    covers: np.ndarray,
    true: Sequence[str],
    validation_covers: np.ndarray,
    validation_true: Sequence[str],
    genres: list[str],
) -> LinearProbe:
    """Fit a probe, with the regularisation that is most accurate on validation covers.

    Args:
        covers: (n, d) embeddings of training covers.
        true: their n genres.
        validation_covers: (m, d) embeddings; m may be 0.
        validation_true: their m genres.
        genres: all genres.
    """
    if len(set(true)) < 2:
        return LinearProbe(None, genres)
    grid = _INVERSE_REGULARISATIONS if len(validation_covers) else _INVERSE_REGULARISATIONS[1:2]
    models = [LogisticRegression(C=c, max_iter=500).fit(covers, list(true)) for c in grid]
    if len(models) == 1:
        return LinearProbe(models[0], genres)
    scores = [model.score(validation_covers, list(validation_true)) for model in models]
    return LinearProbe(models[int(np.argmax(scores))], genres)


def zero_shot(model: Embedder, indices: np.ndarray, genres: Sequence[str]) -> np.ndarray:
    """Return (indices, genres) probabilities: the softmax of covers' cosines to genre prompts."""
    genre_vectors = embed_genres(model.embed_texts, genres)
    covers = model.embed_covers(indices)
    if not len(indices):
        return np.empty((0, len(genres)))
    return np.asarray(softmax(model.clip.scale * covers @ genre_vectors.T, axis=1))


def classifier_probabilities(books: pd.DataFrame, genres: Sequence[str]) -> np.ndarray:
    """Return (n, genres) probabilities that the classifier gave titles, restricted to ``genres``.

    Labels hold the most probable genres only; the remaining probability is shared evenly by the
    others.

    Args:
        books: n rows with ``top``: the most probable genres and their probabilities.
    """
    probabilities = np.zeros((len(books), len(genres)))
    column = {genre: number for number, genre in enumerate(genres)}
    for row, top in enumerate(books["top"]):
        for likely in top:
            if likely["genre"] in column:
                probabilities[row, column[likely["genre"]]] = likely["probability"]
        rest = max(0.0, 1 - sum(likely["probability"] for likely in top))
        probabilities[row, probabilities[row] == 0] = rest / len(genres)
    probabilities = np.maximum(probabilities, _MIN_PROBABILITY)
    normalised: np.ndarray = probabilities / probabilities.sum(axis=1, keepdims=True)
    return normalised


def fuse(titles: np.ndarray, covers: np.ndarray, weight: float) -> np.ndarray:
    """Return (n, genres) probabilities from those by title and by cover.

    Late fusion by a log-linear pool (Genest and Zidek 1986).

    Args:
        titles, covers: (n, genres) probabilities.
        weight: of the covers, from 0 to 1.
    """
    log_titles, log_covers = (np.log(np.maximum(p, _MIN_PROBABILITY)) for p in (titles, covers))
    return np.asarray(softmax((1 - weight) * log_titles + weight * log_covers, axis=1))


def best_weight(titles: np.ndarray, covers: np.ndarray, true: np.ndarray) -> float:
    """Return the most accurate weight of the covers; 0.5 without data.

    Args:
        titles, covers: (n, genres) probabilities.
        true: (n,) indices of the true genres.
    """
    if not len(true):
        return 0.5
    accuracy = [(fuse(titles, covers, w).argmax(axis=1) == true).mean() for w in _WEIGHTS]
    best = np.flatnonzero(np.isclose(accuracy, max(accuracy)))
    return float(_WEIGHTS[best[len(best) // 2]])


def genre_accuracy(
    source: str,
    probabilities: np.ndarray,
    true: np.ndarray,
    *,
    top3: bool,
    groups: np.ndarray | None = None,
) -> GenreAccuracy:
    """Return the accuracy of predicted genres.

    Args:
        probabilities: (n, genres).
        true: (n,) indices of the true genres.
        top3: whether more than the most probable genre is known.
        groups: (n,) the code of each book's group; None: each its own.
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    first = order[:, 0] == true
    among_three = (order[:, :3] == true[:, None]).any(axis=1)
    return GenreAccuracy(
        source,
        float(first.mean()),
        share_interval(first, groups),
        float(among_three.mean()) if top3 else None,
    )


@dataclass(frozen=True)
class GenreResults:
    """Accuracy of each source, over the test covers whose true genre is known.

    Attributes:
        rows: empty if no test cover's true genre is known.
        genres: true genres among these books.
        covers: number of test covers whose true genre is known.
        weight: of the cover in the fusion with the title, chosen on validation covers.
    """

    rows: tuple[GenreAccuracy, ...]
    genres: list[str]
    covers: int
    weight: float

    @property
    def chance(self) -> tuple[float, float]:
        """Top-1 and top-3 accuracy of guessing."""
        n = max(1, len(self.genres))
        return 1 / n, min(1.0, 3 / n)


def measure_genres(
    models: dict[str, Embedder],
    books: pd.DataFrame,
    splits: dict[str, np.ndarray],
) -> GenreResults:
    """Predict genres from covers, from titles and from both, and compare them with the true ones.

    Args:
        models: by name; titles are fused with the covers' embeddings of the last.
        books: rows of all covers, with true_genre and top.
        splits: indices of the covers by split (train, validation, test).
    """
    known = {
        split: indices[books["true_genre"].iloc[indices].notna().to_numpy(bool)]
        for split, indices in splits.items()
    }
    test = known["test"]
    genres = sorted({*books["true_genre"].iloc[np.concatenate(list(known.values()))]})
    if not len(test) or len(genres) < 2:
        return GenreResults((), genres, len(test), 0.5)
    number = {genre: index for index, genre in enumerate(genres)}
    true = {
        split: books["true_genre"].iloc[indices].map(number).to_numpy(np.int64)
        for split, indices in known.items()
    }
    titles = {
        split: classifier_probabilities(books.iloc[indices], genres)
        for split, indices in known.items()
    }
    groups = group_codes(books.iloc[test])
    has_top3 = bool(books["top"].iloc[test].map(len).min() >= 3)

    def row(source: str, probabilities: np.ndarray, *, top3: bool = True) -> GenreAccuracy:
        return genre_accuracy(source, probabilities, true["test"], top3=top3, groups=groups)

    rows = [
        row(f"cover alone, no training ({name})", zero_shot(model, test, genres))
        for name, model in models.items()
    ]
    covers: dict[str, np.ndarray] = {}
    for name, model in models.items():
        embeddings = {split: model.embed_covers(indices) for split, indices in known.items()}
        probe = fit_probe(
            embeddings["train"], [genres[index] for index in true["train"]],
            embeddings["validation"], [genres[index] for index in true["validation"]], genres,
        )  # fmt: skip
        covers = {split: probe.probabilities(vectors) for split, vectors in embeddings.items()}
        rows.append(row(f"cover alone, linear probe ({name})", covers["test"]))
    weight = best_weight(titles["validation"], covers["validation"], true["validation"])
    rows += [
        row("title alone, our classifier", titles["test"], top3=has_top3),
        row(
            f"title and cover, late fusion (cover's weight {weight:.2f})",
            fuse(titles["test"], covers["test"], weight),
        ),
    ]
    return GenreResults(tuple(rows), genres, len(test), weight)
