"""Whether one of two models is better, from their values on the same books: an exact test.

The test is the sign test (Dixon and Mood 1946) over groups of books: of the groups on which the
models differ, each is the better one on half, if neither is better. On hits and misses of single
books it is the exact test of McNemar (1947).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import beta, binom, norm

from dustjacket.metrics.bootstrap import Interval
from dustjacket.metrics.shares import effective_size


@dataclass(frozen=True)
class PairedOutcome:
    """What two models' values of the same n books come to.

    Attributes:
        books: n.
        size: n divided by the design effect of the groups.
        gained, lost: the sum of what ours is better by, and worse by, divided by n.
        better, worse: the number of groups on which ours is better, or worse.
    """

    books: int
    size: float
    gained: float
    lost: float
    better: int
    worse: int

    @property
    def gain(self) -> float:
        """The mean of ours minus theirs."""
        return self.gained - self.lost

    @property
    def p_better(self) -> float:
        """One-sided p-value of the exact test that ours is not better."""
        return float(binom.sf(self.better - 1, self.better + self.worse, 0.5))

    @property
    def p_worse(self) -> float:
        """One-sided p-value of the exact test that ours is not worse."""
        return float(binom.sf(self.worse - 1, self.better + self.worse, 0.5))

    @property
    def p(self) -> float:
        """Two-sided p-value of the exact test."""
        return min(1.0, 2 * min(self.p_better, self.p_worse))

    def interval(self, confidence: float = 0.95) -> Interval:
        """Return the interval of the gain; where it excludes 0, the test does so too.

        It is the score interval of Tango (Statistics in Medicine 17, 1998), which always has a
        width, widened to the ends that invert the exact test: the interval of Clopper and Pearson
        (1934) of the share of better ones among the groups that differ, times the part of the books
        that differ. For 95 % the reverse
        holds too: it excludes 0 where ``p`` is below .05.
        """
        if not self.books:
            return -1.0, 1.0
        lows, highs = zip(self._tango(confidence), self._inverted(confidence), strict=True)
        return max(-1.0, min(lows)), min(1.0, max(highs))

    def _tango(self, confidence: float) -> Interval:
        z = norm.isf((1 - confidence) / 2)
        gain = self.gain

        def score(delta: float) -> float:
            # The share of lost ones that is likeliest if the gain is delta.
            a = 2.0
            b = -self.gained - self.lost + (2 - gain) * delta
            c = -self.lost * delta * (1 - delta)
            lost = (np.sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)
            variance = max(1e-300, 2 * lost + delta * (1 - delta)) / self.size
            return float((gain - delta) / np.sqrt(variance))

        edge = 1e-12
        low = brentq(lambda d: score(d) - z, -1 + edge, gain) if gain > -1 + edge else -1.0
        high = brentq(lambda d: score(d) + z, gain, 1 - edge) if gain < 1 - edge else 1.0
        return float(low), float(high)

    def _inverted(self, confidence: float) -> Interval:
        tail, differing = (1 - confidence) / 2, self.gained + self.lost
        if not self.better + self.worse:
            return 0.0, 0.0
        low = beta.ppf(tail, self.better, self.worse + 1) if self.better else 0.0
        high = beta.isf(tail, self.better + 1, self.worse) if self.worse else 1.0
        return float((2 * low - 1) * differing), float((2 * high - 1) * differing)


def paired_outcome(
    ours: np.ndarray, theirs: np.ndarray, groups: np.ndarray | None = None
) -> PairedOutcome:
    """Return what two models' values come to.

    Args:
        ours, theirs: (n,) values from 0 to 1 of the same books, the higher the better.
        groups: (n,) the code of each book's group; None: each its own.
    """
    differences = np.asarray(ours, float) - np.asarray(theirs, float)
    n = len(differences)
    if not n:
        return PairedOutcome(0, 0.0, 0.0, 0.0, 0, 0)
    net = differences if groups is None else np.bincount(groups, weights=differences)
    return PairedOutcome(
        books=n,
        size=effective_size(differences, groups),
        gained=float(differences[differences > 0].sum()) / n,
        lost=float(-differences[differences < 0].sum()) / n,
        better=int((net > 0).sum()),
        worse=int((net < 0).sum()),
    )


def detectable_gain(
    size: float, level: float, *, differing: float = 0.2, power: float = 0.8
) -> float:
    """Return the smallest true gain that the one-sided test at ``level`` finds with ``power``.

    Connor, Sample Size for Testing Differences in Proportions for the Paired-Sample Design,
    Biometrics 43, 1987; 1 if no gain is found so surely.

    Args:
        size: the number of books, divided by the design effect of their groups.
        differing: the share of books on which the models differ, where the gain allows it.
    """
    if size <= 0:
        return 1.0
    z_level, z_power = norm.isf(level), norm.isf(1 - power)

    def surplus(gain: float) -> float:
        share = max(differing, gain)
        error = z_level * np.sqrt(share) + z_power * np.sqrt(share - gain**2)
        return float(gain * np.sqrt(size) - error)

    return float(brentq(surplus, 0, 1)) if surplus(1) > 0 else 1.0
