"""Ways to arrange type and art on a cover: over the art, on a panel, beside it, around it.

Each places real lines, already fitted; colours are chosen later, when it is known what is behind.
"""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dustjacket.typesetting.schemas import Box
from dustjacket.typesetting.setter import PlacedType, Setter, extent, moved
from dustjacket.typesetting.style import Alignment, Position

LOGO_SIDE = 0.085
"""Of the cover's width: the side of the box that holds a logo."""


_PANEL, _WIDE_PANEL, _LONG_TITLE = 0.66, 0.76, 24
"""Widths of a panel, as shares of the cover's; a title of more characters gets the wide one."""


@dataclass(frozen=True)
class Arrangement:
    """One way to set a cover.

    Attributes:
        art_box: of the art; the rest of the cover is a field.
        panel: a field behind all text, or None.
        groups: texts that share what is behind them.
    """

    family: str
    position: Position
    art_box: Box
    groups: tuple[tuple[PlacedType, ...], ...]
    panel: Box | None = None

    @property
    def texts(self) -> list[PlacedType]:
        """All texts."""
        return [text for group in self.groups for text in group]

    def title(self) -> PlacedType:
        """Return the title."""
        return next(text for text in self.texts if text.role == "title")


def arrangements(setter: Setter) -> Iterator[Arrangement]:
    """Yield every way to set the cover that the house style allows."""
    style = setter.style
    for family in style.families:
        for arrangement in _FAMILIES[family](setter):
            if style.position is None or arrangement.position == style.position:
                yield arrangement


def _alignments(setter: Setter) -> tuple[Alignment, ...]:
    if setter.style.align:
        return (setter.style.align,)
    return ("center", _start(setter))


def _start(setter: Setter) -> Alignment:
    """Return the side at which the title's script starts a line."""
    for character in setter.book.title:
        if (direction := unicodedata.bidirectional(character)) in ("L", "R", "AL"):
            return "left" if direction == "L" else "right"
    return "left"


def _x(setter: Setter, align: Alignment, margin: float | None = None) -> float:
    margin = setter.margin if margin is None else margin
    return {"left": margin, "center": setter.width / 2, "right": setter.width - margin}[align]


def _author_at_foot(setter: Setter, align: Alignment) -> tuple[PlacedType, ...]:
    """Return the author's name above the lower margin, clear of a logo in the corner."""
    logo = LOGO_SIDE * setter.width + 0.03 * setter.width if setter.style.logo_png else 0.0
    sides = 2 if align == "center" else 1
    width = setter.width - 2 * setter.margin - sides * logo
    author = setter.stack(("author",), width, 0.1 * setter.height, align, _x(setter, align))
    return moved(author, setter.height - setter.margin - extent(author))


def _whole(setter: Setter) -> Box:
    return Box(left=0, top=0, width=setter.width, height=setter.height)


def _overlay(setter: Setter) -> Iterator[Arrangement]:
    """Type over art that fills the cover; the author at the foot."""
    width, margin = setter.width - 2 * setter.margin, setter.margin
    for align in _alignments(setter):
        author = _author_at_foot(setter, align)
        title = setter.stack(
            ("series", "title", "subtitle"), width, 0.4 * setter.height, align, _x(setter, align)
        )
        height = extent(title)
        gap = 0.035 * setter.height
        lowest = (author[0].top if author else setter.height - margin) - gap - height
        tops: dict[Position, float] = {"top": margin * 1.15, "bottom": lowest}
        if align == "center":
            tops["middle"] = 0.44 * setter.height - height / 2
        for position, top in tops.items():
            yield Arrangement("overlay", position, _whole(setter), (moved(title, top), author))


def _panel(setter: Setter) -> Iterator[Arrangement]:
    """Everything on one panel over art that fills the cover."""
    padding = 0.075 * setter.width
    width = (_WIDE_PANEL if len(setter.parts["title"]) > _LONG_TITLE else _PANEL) * setter.width
    texts = setter.stack(
        ("series", "title", "subtitle", "author"), width - 2 * padding * 0.7,
        0.5 * setter.height, "center", setter.width / 2,
    )  # fmt: skip
    height = extent(texts) + 2 * padding
    middles: dict[Position, float] = {"top": 0.33, "middle": 0.5, "bottom": 0.68}
    for position, middle in middles.items():
        top = middle * setter.height - height / 2
        low, high = setter.margin, setter.height - setter.margin - height
        top = min(max(top, low), max(low, high))
        panel = Box(left=(setter.width - width) / 2, top=top, width=width, height=height)
        yield Arrangement("panel", position, _whole(setter), (moved(texts, top + padding),), panel)


def _split(setter: Setter) -> Iterator[Arrangement]:
    """Art above, and a field of one colour below, or the other way round."""
    width, margin = setter.width - 2 * setter.margin, setter.margin
    for align in dict.fromkeys((_start(setter), *_alignments(setter))):
        if setter.style.align and align != setter.style.align:
            continue
        x = _x(setter, align)
        title = setter.stack(("series", "title", "subtitle"), width, 0.3 * setter.height, align, x)
        author = _author_at_foot(setter, align)
        gap = 0.032 * setter.height
        room = extent(title) + (extent(moved(author, -author[0].top)) + gap if author else 0)
        depth = room + 1.85 * margin
        edge = setter.height - depth
        art = Box(left=0, top=0, width=setter.width, height=edge)
        lower = moved(title, edge + 0.85 * margin)
        yield Arrangement("split", "bottom", art, (lower, author))
        if author:
            name = moved(author, depth - 0.85 * margin - extent(moved(author, -author[0].top))
                         - author[0].top)  # fmt: skip
        else:
            name = ()
        art = Box(left=0, top=depth, width=setter.width, height=setter.height - depth)
        yield Arrangement("split", "top", art, (moved(title, margin), name))


def _framed(setter: Setter) -> Iterator[Arrangement]:
    """Art inside a field of one colour, between title and author."""
    align: Alignment = setter.style.align or "center"
    width, margin = setter.width - 2 * setter.margin, setter.margin
    author = _author_at_foot(setter, align)
    title = setter.stack(
        ("series", "title", "subtitle"), width, 0.27 * setter.height, align, _x(setter, align)
    )
    gap = 0.03 * setter.height
    foot = (author[0].top if author else setter.height - margin * 0.9) - (gap if author else 0)
    head = margin + extent(title) + gap * 1.2
    yield Arrangement(
        "framed", "top", Box(left=margin, top=head, width=width, height=foot - head),
        (moved(title, margin), author),
    )  # fmt: skip
    if author:
        upper = moved(author, margin - author[0].top)
        art_top = margin + extent(moved(author, -author[0].top)) + gap
        title_top = setter.height - margin - extent(title)
        art = Box(left=margin, top=art_top, width=width, height=title_top - gap * 1.2 - art_top)
        yield Arrangement("framed", "bottom", art, (moved(title, title_top), upper))


_FAMILIES: dict[str, Callable[[Setter], Iterator[Arrangement]]] = {
    "overlay": _overlay,
    "panel": _panel,
    "split": _split,
    "framed": _framed,
}
