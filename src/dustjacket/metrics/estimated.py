"""Performance without labels, from probabilities alone (CBPE).

Of calibrated probabilities, the share of right answers is expected to be the mean probability of
the answers (confidence-based performance estimation: NannyML; Guillory et al., Predicting with
Confidence on Unseen Distributions, ICCV 2021). It does not see a change of what the answers mean:
that shows where labels arrive, as a gap to the realised share.
"""

from dataclasses import dataclass

from scipy.stats import norm

from dustjacket.metrics.bootstrap import Interval
from dustjacket.metrics.shares import wilson


@dataclass(frozen=True)
class Accuracy:
    """A share of right answers.

    Attributes:
        interval: 95 %.
        answers: of which it is the share.
    """

    value: float
    interval: Interval
    answers: int


def estimated_accuracy(total: float, total_of_squares: float, answers: int) -> Accuracy | None:
    """Return the accuracy that probabilities promise; None without answers.

    The number of right answers is a sum of independent trials, each with the probability of its
    answer (a Poisson binomial distribution); its interval is the normal approximation.

    Args:
        total: sum of the probabilities of the answers; ``total_of_squares``: of their squares.
    """
    if not answers:
        return None
    value = total / answers
    error = max(total - total_of_squares, 0.0) ** 0.5 / answers
    half = float(norm.isf(0.025)) * error
    return Accuracy(value, (max(0.0, value - half), min(1.0, value + half)), answers)


def realised_accuracy(right: int, answers: int) -> Accuracy | None:
    """Return the share of answers that turned out right; None without answers."""
    if not answers:
        return None
    return Accuracy(right / answers, wilson(right / answers, answers), answers)
