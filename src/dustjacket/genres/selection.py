"""What cross-validation finds of a candidate, and the rule that selects one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

import numpy as np

from dustjacket.genres.candidates import Candidate, Point
from dustjacket.genres.scores import UNCALIBRATED, Calibration

_ALIKE = 2.0


@dataclass(frozen=True)
class Result:
    """What cross-validation found of a candidate, at its best settings.

    Attributes:
        values: the deciding metric in each fold.
        seconds: of all fits and predictions, at all settings.
        memory_mib: the most after any fit, at all settings.
        probabilities: (books, genres) of each book by the fold that did not see it, calibrated.
        calibration: of the candidate, fitted to all out-of-fold scores.
        members: of a vote.
    """

    candidate: Candidate
    point: Point
    values: Sequence[float]
    seconds: float
    memory_mib: float = 0.0
    probabilities: np.ndarray = field(repr=False, default_factory=lambda: np.empty((0, 0)))
    calibration: Calibration = UNCALIBRATED
    members: tuple["Result", ...] = ()

    @property
    def mean(self) -> float:
        """Mean over the folds."""
        return fmean(self.values)

    @property
    def std(self) -> float:
        """Standard deviation over the folds (of a sample)."""
        return stdev(self.values)

    @property
    def seconds_per_fit(self) -> float:
        """Mean of a fit with its predictions; a vote's is the sum of its members'."""
        if self.members:
            return sum(member.seconds_per_fit for member in self.members)
        return self.seconds / (len(self.candidate.grid) * len(self.values))


def select(results: Sequence[Result]) -> Result:
    """Return the simplest candidate within one standard error of the best one's mean.

    Of equally simple ones that is the fastest, or the first of those that take up to twice as long,
    so that a busy machine decides nothing. Seconds are those per fit, for else one would lose for
    having been tried at more settings. The rule is that of Breiman et al., Classification and
    Regression Trees (1984), 3.4.3. Folds share training rows, so the error is an estimate, and a
    low one.
    """
    best = max(results, key=lambda result: result.mean)
    least = best.mean - best.std / math.sqrt(len(best.values))
    near = [result for result in results if result.mean >= least]
    least_complex = min(result.candidate.complexity for result in near)
    simple = [result for result in near if result.candidate.complexity == least_complex]
    quick = _ALIKE * min(result.seconds_per_fit for result in simple)
    return next(result for result in simple if result.seconds_per_fit <= quick)
