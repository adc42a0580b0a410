"""Break text into lines and find the largest size at which it fits a box."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dustjacket.typesetting.fonts import Extents, FontFace, measure

MIN_SIZE = 26
"""Pixels on a cover 1600 wide: 6 points on a printed cover of 5 inches."""
_FEW = 40
"""Words up to which every way to break is compared; longer text is filled line by line."""
_DANGLING = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "and",
        "or",
        "in",
        "on",
        "at",
        "to",
        "for",
        "with",
        "by",
        "from",
        "is",
        "de",
        "la",
        "le",
        "les",
        "du",
        "des",
        "et",
        "der",
        "die",
        "das",
        "und",
        "von",
        "el",
        "los",
        "las",
        "y",
        "en",
        "del",
    ]
)
"""Words that a line should not end with."""
_DANGLING_COST = 0.25
_LINE_COST = 0.045
_MAX_WORD = 28
"""Characters of a word that is kept whole; CJK and Thai may break between any two."""
_NO_START = set("的之の、。，．・：；？！」』】）〉》ー々,.;:!?)]}»”’%")  # noqa: RUF001
"""Characters that no line starts with: marks, and particles that belong to what is before."""


@dataclass(frozen=True)
class SetText:
    """Text that was fitted: its size, and its lines.

    Attributes:
        size: pixels.
        pitch: distance of baselines, in pixels.
        lines: each with its extents in ems.
    """

    size: float
    pitch: float
    lines: tuple[tuple[str, Extents], ...]

    @property
    def ascent(self) -> float:
        """Pixels of ink above the first baseline."""
        return self.lines[0][1].ascent * self.size

    @property
    def height(self) -> float:
        """Pixels from the top of the ink to its bottom."""
        last = max(0.0, self.lines[-1][1].descent) * self.size
        return self.ascent + self.pitch * (len(self.lines) - 1) + last

    @property
    def width(self) -> float:
        """Pixels of the widest line."""
        return max(extents.width for _, extents in self.lines) * self.size


def fit(
    text: str,
    face: FontFace,
    width: float,
    height: float,
    *,
    max_size: float,
    max_lines: int,
    leading: float = 1.1,
    tracking: float = 0,
    line_cost: float = _LINE_COST,
) -> SetText:
    """Return text at the largest size, in the number of lines, that suits a box best.

    It never exceeds the box, whose sides are in pixels: size is bounded by the ink and advance of
    each line that it has.

    Args:
        leading: distance of baselines, in ems.
        line_cost: share of the size that one line less is worth.
    """
    units = break_units(text)

    def length(part: str) -> float:
        return measure(part, face, tracking).width

    best, best_score = None, -1.0
    for count in range(1, min(max_lines, len(units)) + 1):
        lines = tuple(
            (line, measure(line, face, tracking)) for line in _break(units, count, length)
        )
        whole = SetText(1, leading, lines)
        size = min(max_size, width / whole.width, height / whole.height)
        score = size * (1 - line_cost) ** (len(lines) - 1) * _tidiness(lines)
        if score > best_score:
            best, best_score = SetText(size, leading * size, lines), score
    if best is None:
        raise ValueError("there is no text to fit")
    return best


def break_units(text: str) -> list[tuple[str, str]]:
    """Return the parts between which a line may end, each with the space before it."""
    units: list[tuple[str, str]] = []
    for word in text.split():
        space = " " if units else ""
        for part in _parts(word):
            units.append((space, part))
            space = ""
    return units


def _parts(word: str) -> list[str]:
    """Return a word whole, or in parts if its script has no spaces or it is far too long."""
    wide = any(unicodedata.east_asian_width(character) in "WF" for character in word)
    if not wide and len(word) <= _MAX_WORD:
        return [word]
    size = 1 if wide else _MAX_WORD // 2
    parts: list[str] = []
    for character in word:
        attached = unicodedata.combining(character) or unicodedata.category(character) in (
            "Cf",
            "Mn",
        )
        stays = attached or (wide and character in _NO_START)
        narrow = wide and parts and character.isascii() and parts[-1][-1].isascii()
        if parts and (stays or narrow or len(parts[-1]) < size):
            parts[-1] += character
        else:
            parts.append(character)
    return parts


def _join(units: Sequence[tuple[str, str]]) -> str:
    return "".join(space + part for space, part in units).strip()


def _break(units: list[tuple[str, str]], count: int, length: Callable[[str], float]) -> list[str]:
    """Return ``count`` lines, or fewer, as equal in length as can be."""
    if len(units) <= _FEW:
        return _break_evenly(units, count, length)
    widths = [length(space + part) for space, part in units]
    low, high = max(widths), sum(widths)
    while high - low > 0.01 * sum(widths) / count:
        middle = (low + high) / 2
        low, high = (low, middle) if len(_fill(units, widths, middle)) <= count else (middle, high)
    return _fill(units, widths, high)


def _fill(units: list[tuple[str, str]], widths: list[float], limit: float) -> list[str]:
    starts, used = [0], 0.0
    for at, width in enumerate(widths):
        if used + width > limit and at > starts[-1]:
            starts.append(at)
            used = 0.0
        used += width
    return [_join(units[a:b]) for a, b in zip(starts, [*starts[1:], len(units)], strict=True)]


def _break_evenly(
    units: list[tuple[str, str]], count: int, length: Callable[[str], float]
) -> list[str]:
    """Minimise the sum of squared lengths over all ways to break, by dynamic programming."""
    number = len(units)
    widths = [length(space + part) for space, part in units]
    ends = [sum(widths[:at]) for at in range(number + 1)]
    even = (ends[-1] / count) ** 2

    def cost(start: int, end: int) -> float:
        dangles = end < number and units[end - 1][1].casefold() in _DANGLING
        return (ends[end] - ends[start]) ** 2 + (_DANGLING_COST * even if dangles else 0)

    best: list[tuple[float, tuple[int, ...]]] = [
        (cost(0, end), (0,)) if end else (0.0, ()) for end in range(number + 1)
    ]
    for made in range(1, count):
        best = [
            min(
                (
                    (best[start][0] + cost(start, end), (*best[start][1], start))
                    for start in range(made, end)
                ),
                default=(float("inf"), ()),
            )
            for end in range(number + 1)
        ]
    starts = best[number][1]
    return [_join(units[a:b]) for a, b in zip(starts, [*starts[1:], number], strict=True)]


def _tidiness(lines: tuple[tuple[str, Extents], ...]) -> float:
    """Return 1, or less if lines end with a small word."""
    dangling = sum(line.split()[-1].casefold() in _DANGLING for line, _ in lines[:-1])
    return 1 - 0.06 * dangling
