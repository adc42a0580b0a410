"""Measures of drawn art by a judge: whether it fits its title, looks like covers, and varies.

Shapes: N titles, S seeds a title, P features of a picture, D dimensions of the judge's embedding.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import mannwhitneyu

from dustjacket.metrics.bootstrap import Interval
from dustjacket.metrics.paired import PairedOutcome, paired_outcome
from dustjacket.metrics.retrieval import Ranks, own_ranks
from dustjacket.metrics.shares import share_interval

AT = (1, 10)


@dataclass(frozen=True)
class TitleGallery:
    """The titles that pictures are matched with.

    Attributes:
        titles: (N, D) embeddings of the judge.
        genres: (N,) codes.
        groups: (N,) codes of the book groups, from 0; other titles of the own group are left out.
    """

    titles: np.ndarray
    genres: np.ndarray
    groups: np.ndarray

    def ranks(self, pictures: np.ndarray, *, within: bool = False) -> list[Ranks]:
        """Return the ranks of the own titles of (S, N, D) pictures, by seed.

        Args:
            within: whether only titles of the same genre are searched.
        """
        genres = self.genres if within else None
        return [
            own_ranks(drawn, self.titles, within=genres, apart=self.groups) for drawn in pictures
        ]

    def hits(self, pictures: np.ndarray, k: int, *, within: bool = False) -> np.ndarray:
        """Return (N,) the share of each title's seeds that find it among the first ``k``."""
        ranks = self.ranks(pictures, within=within)
        hits: np.ndarray = np.mean([each.hits(k) for each in ranks], axis=0)
        return hits


@dataclass(frozen=True)
class Share:
    """A share of titles, with its 95 % interval by book group."""

    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Precision:
    """R-precision: how often a picture finds its own title (Xu et al. 2018, AttnGAN, section 4.1).

    Attributes:
        all_titles: recall@k among all titles, by ``recall_at_<k>``.
        within_genre: the same among titles of the genre.
        any_seed: the same among all titles, for the best of a title's seeds.
    """

    all_titles: dict[str, Share]
    within_genre: dict[str, Share]
    any_seed: dict[str, Share]

    def facts(self) -> dict[str, Any]:
        """Return the shares as JSON values."""
        return asdict(self)


def measure_precision(gallery: TitleGallery, pictures: np.ndarray) -> Precision:
    """Return the R-precision of (S, N, D) pictures of N titles."""
    everywhere, within = gallery.ranks(pictures), gallery.ranks(pictures, within=True)

    def shares(ranks: list[Ranks], *, best: bool = False) -> dict[str, Share]:
        found = {}
        for k in AT:
            hits = np.array([each.hits(k) for each in ranks])
            values = hits.max(axis=0) if best else hits.mean(axis=0)
            found[f"recall_at_{k}"] = Share(
                float(values.mean()) if len(values) else 0.0,
                *share_interval(values, gallery.groups),
            )
        return found

    return Precision(shares(everywhere), shares(within), shares(everywhere, best=True))


def compare(gallery: TitleGallery, ours: np.ndarray, theirs: np.ndarray, k: int) -> PairedOutcome:
    """Return recall@k within the genre of two sets of (S, N, D) pictures, title by title."""
    mine, other = (gallery.hits(pictures, k, within=True) for pictures in (ours, theirs))
    return paired_outcome(mine, other, gallery.groups)


def kid(features: np.ndarray, others: np.ndarray) -> float:
    """Return the kernel inception distance of two sets of pictures; 0 if they are alike.

    The unbiased estimate of the squared MMD with the cubic kernel (Bińkowski et al. 2018,
    Demystifying MMD GANs), of the judge's network instead of Inception's.

    Args:
        features, others: (N, P) and (M, P); 0 if one has fewer than 2 rows.
    """
    return _mmd(_kernel(features, features), _kernel(others, others), _kernel(features, others))


def kid_interval(
    features: np.ndarray, others: np.ndarray, *, resamples: int, seed: int
) -> Interval:
    """Return the 95 % interval of :func:`kid`, without the assumption of a distribution."""
    return _interval(_resampled_kids([features], others, resamples, seed)[:, 0])


def kid_difference(
    ours: np.ndarray, theirs: np.ndarray, others: np.ndarray, *, resamples: int, seed: int
) -> Interval:
    """Return the 95 % interval of the KID of ours minus theirs, both to ``others``.

    Args:
        ours, theirs: (N, P) features of pictures for the same titles, which are drawn together.
        others: (M, P) features of real art.
    """
    kids = _resampled_kids([ours, theirs], others, resamples, seed)
    return _interval(kids[:, 0] - kids[:, 1])


def _resampled_kids(
    sets: list[np.ndarray], others: np.ndarray, resamples: int, seed: int
) -> np.ndarray:
    """Return (resamples, sets) KIDs of subsamples of half the pictures, without replacement.

    Copies in a bootstrap sample would raise the kernel's mean. Half-samples vary as means of whole
    samples do (Politis, Romano and Wolf, Subsampling, 1999).
    """
    rng = np.random.default_rng(seed)
    own = [_kernel(features, features) for features in sets]
    both = [_kernel(features, others) for features in sets]
    real = _kernel(others, others)
    kids = np.empty((resamples, len(sets)))
    for row in range(resamples):
        mine, theirs = (
            rng.permutation(count)[: max(2, count // 2)] for count in (len(sets[0]), len(others))
        )
        kids[row] = [
            _mmd(a[np.ix_(mine, mine)], real[np.ix_(theirs, theirs)], b[np.ix_(mine, theirs)])
            for a, b in zip(own, both, strict=True)
        ]
    return kids


def _interval(values: np.ndarray) -> Interval:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _kernel(features: np.ndarray, others: np.ndarray) -> np.ndarray:
    kernel: np.ndarray = (features @ others.T / features.shape[1] + 1) ** 3
    return kernel


def _mmd(own: np.ndarray, real: np.ndarray, both: np.ndarray) -> float:
    n, m = len(own), len(real)
    if min(n, m) < 2:
        return 0.0
    inside = (own.sum() - np.trace(own)) / (n * (n - 1))
    outside = (real.sum() - np.trace(real)) / (m * (m - 1))
    return float(inside + outside - 2 * both.mean())


def diversity(pictures: np.ndarray) -> float:
    """Return the mean distance, 1 minus cosine, of the pictures of one title, over all titles.

    Args:
        pictures: (S, N, D), of unit length; 0 if S is 1.
    """
    seeds = len(pictures)
    if seeds < 2:
        return 0.0
    cosines = np.einsum("snd,tnd->stn", pictures, pictures)
    return float(1 - (cosines.sum(axis=(0, 1)) - seeds).mean() / (seeds * (seeds - 1)))


def copying(drawn: np.ndarray, held_out: np.ndarray) -> tuple[float, float]:
    """Return how much nearer drawn art is to the training art than held-out real art is.

    The test of three samples (Meehan, Chaudhuri and Dasgupta 2020, A non-parametric test to detect
    data-copying in generative models), over all of the space at once.

    Args:
        drawn, held_out: cosines of each picture with its nearest training cover.

    Returns:
        The probability that drawn art is the nearer one, .5 without copying, and the one-sided p of
        Mann and Whitney's test that it is above .5.
    """
    if not len(drawn) or not len(held_out):
        return 0.5, 1.0
    test = mannwhitneyu(drawn, held_out, alternative="greater")
    return float(test.statistic) / (len(drawn) * len(held_out)), float(test.pvalue)
