"""Which record gets which oddity: in turn, evenly spaced, so that small samples have some too."""

from collections.abc import Sequence

_CLOSEST = 4


def oddity(kinds: Sequence[str], number: int, total: int, apart: int) -> tuple[str | None, int]:
    """Return the oddity that record ``number`` of ``total`` has, or None, and how many came before.

    Args:
        kinds: the oddities, which go round.
        apart: one record of so many is odd; more are in a sample too small to show every kind,
            but never more than one of four.
    """
    every = max(_CLOSEST, min(apart, total // len(kinds)))
    earlier = number // every
    return (kinds[earlier % len(kinds)] if number % every == every - 1 else None), earlier
