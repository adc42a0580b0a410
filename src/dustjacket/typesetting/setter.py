"""Set the texts of a book: each fitted to a box, and stacked in a column."""

import unicodedata
from dataclasses import dataclass, field
from typing import Literal

from dustjacket.typesetting.book import Book
from dustjacket.typesetting.fit import SetText, fit
from dustjacket.typesetting.fonts import Catalogue, FontFace
from dustjacket.typesetting.schemas import Box, TextBlock, TextLine
from dustjacket.typesetting.style import Alignment, HouseStyle, Pairing

Role = Literal["title", "subtitle", "author", "series"]
MARGIN = 0.08
"""Of the cover's width, on all sides."""
_TITLE_SIZE, _SUBTITLE_SIZE, _AUTHOR_SIZE, _SERIES_SIZE = 0.205, 0.054, 0.056, 0.026
"""Largest sizes, as shares of the cover's width."""
_SHORT_TITLE, _LARGEST_TITLE = 1.2, 0.34
"""A short title is set larger: at most the first, divided by its characters, up to the second."""
_SUBTITLE_SHARE = 0.42
"""Largest size of a subtitle, as a share of the title's."""
_SMALL_CAPITALS = 0.12
"""Tracking of a short line in capitals, in ems."""
_GAPS: dict[Role, float] = {"title": 0.022, "subtitle": 0.03, "author": 0.042}
"""Between a text and the one above it, as a share of the cover's height."""
_LINE_COSTS: dict[Role, float] = {"title": 0.045, "subtitle": 0.1}
"""Share of the size that one line less is worth; names are broken only if they must be."""
_LONG_AUTHOR = 60
_CAPITAL_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC")


@dataclass(frozen=True)
class PlacedType:
    """Fitted text with its place; ``x`` is its left, middle or right, ``top`` that of its ink."""

    role: Role
    text: SetText
    face: FontFace
    tracking: float
    align: Alignment
    x: float
    top: float

    @property
    def box(self) -> Box:
        """The box of its ink and advance."""
        width = self.text.width
        left = self.x - {"left": 0.0, "center": width / 2, "right": width}[self.align]
        return Box(left=left, top=self.top, width=width, height=self.text.height)

    def block(self, colour: str) -> TextBlock:
        """Return it in a colour."""
        first = self.top + self.text.ascent
        lines = tuple(
            TextLine(text=line, x=self.x, baseline=first + number * self.text.pitch)
            for number, (line, _) in enumerate(self.text.lines)
        )
        return TextBlock(
            role=self.role, font=self.face.family, weight=self.face.weight,
            italic=self.face.italic, size=self.text.size, tracking=self.tracking,
            colour=colour, align=self.align, box=self.box, lines=lines,
        )  # fmt: skip


@dataclass(frozen=True)
class Setter:
    """Sets the texts of one book in one pair of typefaces, on a cover of one size."""

    book: Book
    style: HouseStyle
    pairing: Pairing
    fonts: Catalogue
    width: int
    height: int
    parts: dict[Role, str] = field(init=False)

    def __post_init__(self) -> None:
        title, subtitle = self.book.title, self.book.subtitle
        if not subtitle and ": " in title:
            title, _, subtitle = title.partition(": ")
        parts: dict[Role, str] = {
            "series": self.style.series, "title": title.strip() or self.book.title,
            "subtitle": subtitle.strip(), "author": self.book.author,
        }  # fmt: skip
        object.__setattr__(self, "parts", {role: text for role, text in parts.items() if text})

    @property
    def margin(self) -> float:
        """Pixels between text and the cover's sides."""
        return MARGIN * self.width

    def set_text(
        self, role: Role, width: float, height: float, limit: float = float("inf")
    ) -> tuple[SetText, FontFace, float]:
        """Fit the text of a role into a box; return it with its face and tracking."""
        text, pairing = self.parts[role], self.pairing
        capital = pairing.capitals if role == "title" else role in ("author", "series")
        capital = capital and _has_capitals(text) and len(text) <= _LONG_AUTHOR * 2
        shown = text.upper() if capital else text
        is_title = role == "title"
        face = self.fonts.face_for(
            shown,
            pairing.title if is_title else pairing.text,
            pairing.title_weight if is_title else pairing.text_weight,
            italic=pairing.title_italic and is_title,
        )
        tracking = 0.0
        if capital:
            tracking = pairing.tracking if is_title else _SMALL_CAPITALS
        elif is_title and _has_capitals(text):
            tracking = pairing.title_tracking
        title = max(_TITLE_SIZE, min(_LARGEST_TITLE, _SHORT_TITLE / len(text)))
        shares = {"title": title, "subtitle": _SUBTITLE_SIZE, "author": _AUTHOR_SIZE}
        own = pairing.title if is_title else pairing.text
        fitted = fit(
            shown,
            face,
            width,
            height,
            max_size=min(limit, shares.get(role, _SERIES_SIZE) * self.width),
            max_lines={"title": 12, "subtitle": 8, "author": 6}.get(role, 1),
            leading=(pairing.leading if face.family == own else 1.3) if is_title else 1.28,
            tracking=tracking,
            line_cost=_LINE_COSTS.get(role, 0.3),
        )
        return fitted, face, tracking

    def stack(
        self, roles: tuple[Role, ...], width: float, height: float, align: Alignment, x: float
    ) -> tuple[PlacedType, ...]:
        """Return texts one below the other, the first at 0, in a column of at most ``height``.

        The title takes what the others leave; each text is fitted to its share of the height.
        """
        present = [role for role in roles if role in self.parts]
        shares = {"title": 0.62, "subtitle": 0.2, "author": 0.14, "series": 0.04}
        total = sum(shares[role] for role in present)
        gaps = {role: _GAPS[role] * self.height for role in present[1:]}
        room = height - sum(gaps.values())
        placed: list[PlacedType] = []
        top, title_size = 0.0, float("inf")
        for role in present:
            limit = title_size * _SUBTITLE_SHARE if role == "subtitle" else title_size
            fitted = self.set_text(role, width, room * shares[role] / total, limit)
            text, face, tracking = fitted
            if role == "title":
                title_size = text.size
            top += gaps.get(role, 0.0)
            placed.append(PlacedType(role, text, face, tracking, align, x, top))
            top += text.height
        return tuple(placed)


def moved(texts: tuple[PlacedType, ...], by: float) -> tuple[PlacedType, ...]:
    """Return texts moved down."""
    return tuple(
        PlacedType(t.role, t.text, t.face, t.tracking, t.align, t.x, t.top + by) for t in texts
    )


def extent(texts: tuple[PlacedType, ...]) -> float:
    """Return the height of texts that are stacked from 0."""
    return max((text.top + text.text.height for text in texts), default=0.0)


def _has_capitals(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    return bool(letters) and all(
        unicodedata.name(character, "").startswith(_CAPITAL_SCRIPTS) for character in letters
    )
