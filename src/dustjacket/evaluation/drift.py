"""Drift of the newest covers from those that the champion was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

MAX_EMBEDDED = 500
"""Covers of each version that are embedded for the two-sample test."""
_BINS = 10
_PSEUDO_COUNT = 0.5
_PERMUTATIONS = 500


@dataclass(frozen=True)
class Drift:
    """Drift between two versions of labelled covers.

    Attributes:
        reference, newest: the versions.
        title_length: population stability index (PSI) of the lengths of titles in characters.
        genre_mix: PSI of the predicted genres.
        energy: energy distance between the distributions of embeddings.
        energy_p: p-value of that distance, from a permutation test.
        warning: the indexes above the limit, or empty.
    """

    reference: str
    newest: str
    title_length: float
    genre_mix: float
    energy: float
    energy_p: float
    warning: str

    def metrics(self) -> dict[str, float]:
        """Return the metrics for MLflow."""
        return {
            "drift.title_length": self.title_length,
            "drift.genre_mix": self.genre_mix,
            "drift.energy": self.energy,
            "drift.energy_p": self.energy_p,
            "drift.warning": float(bool(self.warning)),
        }


def measure_drift(
    before: pd.DataFrame,
    newest: pd.DataFrame,
    embeddings: tuple[np.ndarray, np.ndarray],
    versions: tuple[str, str],
    max_drift: float,
    seed: int,
) -> Drift:
    """Measure the drift between two versions of labelled covers.

    Args:
        before, newest: rows of title and genre, of each version.
        embeddings: of some covers of each version, (n, d) and (m, d).
        versions: their names.
        max_drift: limit of the two indexes, above which there is a warning.
        seed: of the permutations.
    """
    lengths = [rows["title"].str.len().to_numpy() for rows in (before, newest)]
    title_length = length_psi(*lengths)
    genre_mix = label_psi(list(before["genre"]), list(newest["genre"]))
    energy, p = energy_test(*embeddings, permutations=_PERMUTATIONS, seed=seed)
    indexes = {"title length": title_length, "genre mix": genre_mix}
    over = [f"{name} {value:.2f}" for name, value in indexes.items() if value > max_drift]
    warning = f"{' and '.join(over)} above max_drift={max_drift}" if over else ""
    return Drift(*versions, title_length, genre_mix, energy, p, warning)


def psi(before: np.ndarray, newest: np.ndarray) -> float:
    """Return the population stability index (PSI) of counts in the same bins; 0 is no change.

    Siddiqi, Credit Risk Scorecards (2006): 0.1 to 0.25 is some change, more is a large change.
    Half a count is added to each bin, so that empty bins do not dominate.
    """
    expected, actual = (
        (counts + _PSEUDO_COUNT) / (counts + _PSEUDO_COUNT).sum() for counts in (before, newest)
    )
    return float(((actual - expected) * np.log(actual / expected)).sum())


def length_psi(before: np.ndarray, newest: np.ndarray) -> float:
    """Return the PSI of two samples of numbers, in deciles of the first; 0 if a sample is empty."""
    if not len(before) or not len(newest):
        return 0.0
    edges = np.unique(np.quantile(before, np.linspace(0, 1, _BINS + 1)[1:-1]))
    counts = [
        np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
        for values in (before, newest)
    ]
    return psi(counts[0], counts[1])


def label_psi(before: Sequence[str], newest: Sequence[str]) -> float:
    """Return the PSI of two samples of labels; 0 if a sample is empty."""
    if not before or not newest:
        return 0.0
    names = sorted({*before, *newest})
    counts = [
        pd.Series(list(labels)).value_counts().reindex(names, fill_value=0).to_numpy()
        for labels in (before, newest)
    ]
    return psi(counts[0], counts[1])


def energy_test(
    before: np.ndarray, newest: np.ndarray, *, permutations: int, seed: int
) -> tuple[float, float]:
    """Return the energy distance of two samples, and the p-value of its permutation test.

    Székely and Rizzo, "Testing for Equal Distributions in High Dimension" (2004). With weights w
    of 1/n for the rows of one sample and -1/m for those of the other, and D the distances of all
    rows, the energy distance is -w'Dw; a permutation permutes w.

    Args:
        before: (n, d).
        newest: (m, d). If a sample has fewer than two rows, the result is (0, 1).
    """
    n, m = len(before), len(newest)
    if min(n, m) < 2:
        return 0.0, 1.0
    rows = np.concatenate([before, newest])
    distances = cdist(rows, rows)
    weights = np.repeat([1 / n, -1 / m], [n, m])
    rng = np.random.default_rng(seed)
    permuted = rng.permuted(np.tile(weights, (permutations, 1)), axis=1)
    energy = -float(weights @ distances @ weights)
    by_chance = -((permuted @ distances) * permuted).sum(axis=1)
    as_large = int((by_chance >= energy * (1 - 1e-9)).sum())
    return max(0.0, energy), (as_large + 1) / (permutations + 1)
