"""A claim of the paper as a row of the page, and what all rows share."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

COMMAND = "`make paper`"


@dataclass(frozen=True)
class Claim:
    """One row of the page."""

    where: str
    claim: str
    measured: str
    verdict: str
    command: str = COMMAND


def t_interval(values, share=0.0):
    """Return mean, low and high over repetitions.

    Args:
        values: one figure of each repetition.
        share: held-out to training rows, of random splits of the same rows; 0: independent.
    """
    values = np.asarray(values, float)
    error = values.std(ddof=1) * np.sqrt(1 / len(values) + share)
    half = float(student.ppf(0.975, len(values) - 1)) * error
    mean = float(values.mean())
    return mean, mean - half, mean + half


def shown(mean, low, high, digits=3, sign=""):
    """Return a figure with its interval as text."""
    return f"{mean:{sign}.{digits}f} ({low:{sign}.{digits}f} to {high:{sign}.{digits}f})"


def verdict(low, high):
    """Return the verdict on a claimed gain whose measured interval is this."""
    if low > 0:
        return "reproduced"
    return "contradicted" if high < 0 else "undecided: no difference found"
