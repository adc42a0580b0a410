"""How far the newest covers are from those that the champion was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

MOST_EMBEDDED = 500
"""Covers of each side that are embedded for the two-sample test."""
_BINS = 10
_HALF = 0.5
_PERMUTATIONS = 500


@dataclass(frozen=True)
class Drift:
    """What was found.

    Attributes:
        reference, newest: versions of labelled covers.
        title_length: population stability index (PSI) of titles' lengths in characters.
        genre_mix: PSI of predicted genres.
        energy: distance of the embeddings' distributions.
        energy_p: how often a distance as large comes about by chance.
        warning: what is above the limit, or empty.
    """

    reference: str
    newest: str
    title_length: float
    genre_mix: float
    energy: float
    energy_p: float
    warning: str

    def metrics(self) -> dict[str, float]:
        """Return it for MLflow."""
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
    """Compare covers with those that came before.

    Args:
        before, newest: rows of title and genre.
        embeddings: of some covers of each, (n, d) and (m, d).
        versions: of each.
        max_drift: limit of the two indexes, above which there is a warning.
        seed: of the permutations.
    """
    lengths = [rows["title"].str.len().to_numpy() for rows in (before, newest)]
    title_length = length_psi(*lengths)
    genre_mix = label_psi(list(before["genre"]), list(newest["genre"]))
    energy, p = energy_test(*embeddings, permutations=_PERMUTATIONS, seed=seed)
    found = {"title length": title_length, "genre mix": genre_mix}
    over = [f"{what} {value:.2f}" for what, value in found.items() if value > max_drift]
    warning = f"{' and '.join(over)} above max_drift={max_drift}" if over else ""
    return Drift(*versions, title_length, genre_mix, energy, p, warning)


def psi(before: np.ndarray, newest: np.ndarray) -> float:
    """Return the population stability index of counts in the same bins: 0 is no change.

    Siddiqi, Credit Risk Scorecards (2006), who calls .1 to .25 some change and more a large one.
    Half a count is added to each bin, so that one that was empty weighs as little as it tells.
    """
    one, other = before + _HALF, newest + _HALF
    shares = one / one.sum(), other / other.sum()
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def length_psi(before: np.ndarray, newest: np.ndarray) -> float:
    """Return the PSI of two samples of numbers, in the tenths of the first; 0 where one is none."""
    if not len(before) or not len(newest):
        return 0.0
    edges = np.unique(np.quantile(before, np.linspace(0, 1, _BINS + 1)[1:-1]))
    counts = [
        np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
        for values in (before, newest)
    ]
    return psi(counts[0], counts[1])


def label_psi(before: Sequence[str], newest: Sequence[str]) -> float:
    """Return the PSI of two samples of names; 0 where one is none."""
    if not before or not newest:
        return 0.0
    names = sorted({*before, *newest})
    counts = [pd.Series(each).value_counts().reindex(names, fill_value=0) for each in
              (list(before), list(newest))]  # fmt: skip
    return psi(counts[0].to_numpy(), counts[1].to_numpy())


def energy_test(
    before: np.ndarray, newest: np.ndarray, *, permutations: int, seed: int
) -> tuple[float, float]:
    """Return the energy distance of two samples, and the p-value of its permutation test.

    Székely and Rizzo, "Testing for Equal Distributions in High Dimension" (2004). With weights of
    1/n for rows of the one and -1/m for those of the other it is minus a quadratic form of the
    distances, and a permutation permutes the weights.

    Args:
        before: (n, d).
        newest: (m, d); where a sample has fewer than two rows there is no test: 0 and 1.
    """
    n, m = len(before), len(newest)
    if min(n, m) < 2:
        return 0.0, 1.0
    rows = np.concatenate([before, newest])
    distances = cdist(rows, rows)
    weights = np.repeat([1 / n, -1 / m], [n, m])
    rng = np.random.default_rng(seed)
    mixed = rng.permuted(np.tile(weights, (permutations, 1)), axis=1)
    found = -float(weights @ distances @ weights)
    by_chance = -((mixed @ distances) * mixed).sum(axis=1)
    reached = int((by_chance >= found * (1 - 1e-9)).sum())
    return max(0.0, found), (reached + 1) / (permutations + 1)
