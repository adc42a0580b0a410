"""Give defects to records of the sample: in turn and evenly spaced, so small samples have some."""

from collections.abc import Sequence

_CLOSEST = 4


def defect_of(kinds: Sequence[str], number: int, total: int, apart: int) -> tuple[str | None, int]:
    """Return the defect of record ``number`` of ``total``, or None, and the count of earlier ones.

    Args:
        kinds: the defects, used in turn.
        apart: one record of so many has a defect. Samples too small to show every kind have more,
            but at most one record of four.
    """
    every = max(_CLOSEST, min(apart, total // len(kinds)))
    earlier = number // every
    return (kinds[earlier % len(kinds)] if number % every == every - 1 else None), earlier
