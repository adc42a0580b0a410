"""Drift of the newest covers from those that the champion was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from dustjacket.metrics.stability import psi_test

MAX_EMBEDDED = 500
"""Covers of each version that are embedded for the two-sample test."""
_BINS = 10
_PERMUTATIONS = 999
_LEVEL = 0.01
"""The largest p-value at which an index warns: without drift, one of the two does in 2 %."""


@dataclass(frozen=True)
class Drift:
    """Drift between two versions of labelled covers.

    Attributes:
        reference, newest: the versions.
        title_length: population stability index (PSI) of the lengths of titles in characters.
        genre_mix: PSI of the predicted genres.
        title_length_p, genre_mix_p: p-values of the indexes, from permutation tests.
        energy: energy distance between the distributions of embeddings.
        energy_p: p-value of that distance, from a permutation test.
        warning: the indexes that are above the limit and above what chance gives, or empty.
    """

    reference: str
    newest: str
    title_length: float
    genre_mix: float
    title_length_p: float
    genre_mix_p: float
    energy: float
    energy_p: float
    warning: str

    def metrics(self) -> dict[str, float]:
        """Return the metrics for MLflow."""
        return {
            "drift.title_length": self.title_length,
            "drift.genre_mix": self.genre_mix,
            "drift.title_length_p": self.title_length_p,
            "drift.genre_mix_p": self.genre_mix_p,
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

    The PSI of small samples of many bins is large by chance alone: of k bins and n and m items it
    is about (k - 1)(1/n + 1/m). So an index warns only if permutations seldom reach it.

    Args:
        before, newest: rows of title and genre, of each version.
        embeddings: of some covers of each version, (n, d) and (m, d).
        versions: their names.
        max_drift: limit of the two indexes, above which there is a warning.
        seed: of the permutations.
    """
    lengths = [rows["title"].str.len().to_numpy() for rows in (before, newest)]
    bins = {
        "title length": length_counts(*lengths),
        "genre mix": label_counts(list(before["genre"]), list(newest["genre"])),
    }
    tests = {
        name: psi_test(counts, permutations=_PERMUTATIONS, seed=seed)
        for name, counts in bins.items()
    }
    energy, energy_p = energy_test(*embeddings, permutations=_PERMUTATIONS, seed=seed)
    over = [
        f"{name} {value:.2f}"
        for name, (value, p) in tests.items()
        if value > max_drift and p <= _LEVEL
    ]
    warning = f"{' and '.join(over)} above max_drift={max_drift}" if over else ""
    (title_length, title_length_p), (genre_mix, genre_mix_p) = tests.values()
    return Drift(
        *versions, title_length, genre_mix, title_length_p, genre_mix_p, energy, energy_p, warning
    )


def length_counts(before: np.ndarray, newest: np.ndarray) -> np.ndarray:
    """Return (2, bins) counts of two samples of numbers, in deciles of both together."""
    together = np.concatenate([before, newest])
    if not len(together):
        return np.zeros((2, 1), int)
    edges = np.unique(np.quantile(together, np.linspace(0, 1, _BINS + 1)[1:-1]))
    return np.stack([
        np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
        for values in (before, newest)
    ])  # fmt: skip


def label_counts(before: Sequence[str], newest: Sequence[str]) -> np.ndarray:
    """Return (2, labels) counts of two samples of labels."""
    codes = pd.factorize(np.array([*before, *newest], object))[0]
    size = codes.max(initial=-1) + 1
    parts = codes[: len(before)], codes[len(before) :]
    return np.stack([np.bincount(part, minlength=size) for part in parts])


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
