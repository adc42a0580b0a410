"""The result of a candidate's cross-validation, and the rule that selects a candidate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev

import numpy as np

from dustjacket.genres.candidates import Candidate, Hyperparameters
from dustjacket.genres.scores import UNCALIBRATED, Calibration

_SIMILAR_TIME = 2.0


@dataclass(frozen=True)
class CandidateResult:
    """The cross-validation of a candidate with its best hyperparameters.

    Attributes:
        values: the deciding metric in each fold.
        seconds: of all fits and predictions, over the whole grid.
        memory_mib: the peak over all fits of the grid.
        probabilities: (books, genres) out of fold, calibrated.
        calibration: fitted to all out-of-fold scores.
        members: of a vote; otherwise empty.
    """

    candidate: Candidate
    hyperparameters: Hyperparameters
    values: Sequence[float]
    seconds: float
    memory_mib: float = 0.0
    probabilities: np.ndarray = field(repr=False, default_factory=lambda: np.empty((0, 0)))
    calibration: Calibration = UNCALIBRATED
    members: tuple["CandidateResult", ...] = ()

    @property
    def mean(self) -> float:
        """Mean over the folds."""
        return fmean(self.values)

    @property
    def std(self) -> float:
        """Sample standard deviation over the folds."""
        return stdev(self.values)

    @property
    def standard_error(self) -> float:
        """Of the mean; folds share training rows, so it is underestimated."""
        return self.std / math.sqrt(len(self.values))

    @property
    def seconds_per_fit(self) -> float:
        """Mean over fits, predictions included; for a vote the sum over its members."""
        if self.members:
            return sum(member.seconds_per_fit for member in self.members)
        return self.seconds / (len(self.candidate.grid) * len(self.values))


def select(results: Sequence[CandidateResult]) -> CandidateResult:
    """Return the simplest candidate within one standard error of the best one's mean.

    The rule is that of Breiman et al., Classification and Regression Trees (1984), 3.4.3. Folds
    share training rows, so the standard error is underestimated.

    Among equally simple candidates, the first one is selected that takes at most twice as long as
    the fastest, so that the load of the machine does not decide. Times are per fit: the size of
    the grid does not count.
    """
    best = max(results, key=lambda result: result.mean)
    min_mean = best.mean - best.standard_error
    near = [result for result in results if result.mean >= min_mean]
    lowest = min(result.candidate.complexity for result in near)
    simple = [result for result in near if result.candidate.complexity == lowest]
    max_seconds = _SIMILAR_TIME * min(result.seconds_per_fit for result in simple)
    return next(result for result in simple if result.seconds_per_fit <= max_seconds)


def reason_of(results: Sequence[CandidateResult], selected: CandidateResult) -> str:
    """Return in words why :func:`select` selected a candidate.

    Args:
        results: of the cross-validation.
        selected: what was selected of them, perhaps with another treatment since.
    """
    best = max(results, key=lambda result: result.mean)
    name = selected.candidate.name
    if name == best.candidate.name:
        return f"{name} has the highest mean, {best.mean:.3f}"
    mean = next(result.mean for result in results if result.candidate.name == name)
    return (
        f"{name} ({mean:.3f}) is simpler or faster than {best.candidate.name}, the best "
        f"({best.mean:.3f}), and within one standard error ({best.standard_error:.3f}) of it"
    )
