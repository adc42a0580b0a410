"""How a test side's error is spent over the candidates that it decides on.

A test side decides again and again. At a level of .05 each time, useless candidates would be
promoted sooner or later. So the k-th decision has a level of its own, and the levels of all
decisions, for ever, sum to .05: whatever the candidates, a useless one is promoted in at most 5 %
of histories (Bonferroni's inequality; Foster and Stine, Alpha-investing, 2008, call it alpha
spending). The first ten decisions have most of it, so that a real gain is found; the rest goes to
the later ones by 1 / (j (j + 1)), whose sum is 1.

This holds for candidates that are made from earlier results too, as long as these are verdicts: up
to the first promotion they are all the same, so nothing was learnt from them. It does not hold for
figures, from which a useless candidate can be put together that passes any level. So figures of the
test side are published only of candidates whose gain is proven (the Ladder: Blum and Hardt, ICML
2015). ``make bench NAME=gate-simulation`` shows both.
"""

from collections.abc import Iterable, Sequence

ERROR = 0.05
"""The probability that a test side ever promotes a candidate that is not better."""
_FIRST, _FIRST_LEVEL = 10, 0.0047
_SKETCH = 128


def level(uses: int) -> float:
    """Return the level of the one-sided test of a test side that has decided ``uses`` times."""
    if uses < _FIRST:
        return _FIRST_LEVEL
    later = uses - _FIRST + 1
    return (ERROR - _FIRST * _FIRST_LEVEL) / (later * (later + 1))


def sketch(groups: Iterable[str]) -> list[str]:
    """Return the smallest of the book groups of a test side, by which test sides are compared.

    Names of groups are hashes, so these are a random sample that is the same wherever a group
    occurs (bottom-k: Cohen and Kaplan, Summarizing Data using Bottom-k Sketches, 2007).
    """
    return sorted(set(groups))[:_SKETCH]


def uses(test_side: Sequence[str], earlier: Iterable[Sequence[str] | None]) -> int:
    """Return how often the average book group of a test side has decided before.

    New books thus renew a test side by the share that they have in it.

    Args:
        test_side: a :func:`sketch`.
        earlier: the sketch of each earlier decision; None where it is not known, as of decisions
            of earlier releases: these count as decisions of this test side.
    """
    shares = (1.0 if other is None else _shared(test_side, other) for other in earlier)
    return int(sum(shares) + 1e-9)


def _shared(test_side: Sequence[str], other: Sequence[str]) -> float:
    """Return the share of a test side's groups that another has too."""
    full = [groups[-1] for groups in (test_side, other) if len(groups) == _SKETCH]
    comparable = [group for group in test_side if not full or group <= min(full)]
    return len(set(comparable) & set(other)) / max(1, len(comparable))
