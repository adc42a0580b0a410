"""Habits of a genre: where its covers have their title and author, measured on text boxes."""

from collections.abc import Iterable, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

BINS = 8
"""Bands of equal height, from the top."""
_PRIOR = 4.0
"""Covers that the uniform distribution counts for, so that few covers say little."""

TextBox = tuple[float, float, float, float]
"""Left, top, right, bottom of a line of text, as shares of the cover's width and height."""


class Habits(BaseModel):
    """How a genre sets its covers.

    Attributes:
        title: probability that the title's middle is in each of eight bands, from the top.
        author: the same for the line farthest from the title.
        covers: that were measured.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: tuple[float, ...] = Field(min_length=BINS, max_length=BINS)
    author: tuple[float, ...] = Field(min_length=BINS, max_length=BINS)
    covers: int = Field(ge=0)

    def weight(self, role: str, middle: float) -> float:
        """Return the probability of a height, over that of an even spread.

        Args:
            middle: 0 at the top, 1 at the foot.
        """
        bins = self.title if role == "title" else self.author
        return bins[min(BINS - 1, max(0, int(middle * BINS)))] * BINS


def measure_habits(covers: Iterable[Sequence[TextBox]]) -> Habits:
    """Return the habits of covers, each given as the boxes of its lines of text.

    The title is the line set largest, with those next to it; the author is the line whose middle
    is farthest from it. A cover without text is not counted.
    """
    title, author = np.full(BINS, _PRIOR / BINS), np.full(BINS, _PRIOR / BINS)
    number = 0
    for boxes in covers:
        if not boxes:
            continue
        number += 1
        heights = [bottom - top for _, top, _, bottom in boxes]
        middles = [(top + bottom) / 2 for _, top, _, bottom in boxes]
        largest = middles[int(np.argmax(heights))]
        title[_bin(largest)] += 1
        if len(boxes) > 1:
            author[_bin(max(middles, key=lambda middle: abs(middle - largest)))] += 1
    return Habits(
        title=tuple((title / title.sum()).tolist()),
        author=tuple((author / author.sum()).tolist()),
        covers=number,
    )


def _bin(middle: float) -> int:
    return min(BINS - 1, max(0, int(middle * BINS)))
