"""Lay out a cover: of all arrangements, colour each so that it is legible, and keep the best."""

import random
from dataclasses import dataclass

import numpy as np
from PIL import Image

from dustjacket.errors import BadInputError
from dustjacket.typesetting.arrange import LOGO_SIDE, Arrangement, arrangements
from dustjacket.typesetting.art import (
    check_size,
    colours_of,
    cropped,
)
from dustjacket.typesetting.book import Book
from dustjacket.typesetting.colouring import Coloured, colour
from dustjacket.typesetting.contrast import MIN_CONTRAST
from dustjacket.typesetting.fonts import catalogue, measure
from dustjacket.typesetting.habits import Habits
from dustjacket.typesetting.preview import ArtPreview, preview_of, saliency_of
from dustjacket.typesetting.provenance import LABEL, Provenance
from dustjacket.typesetting.schemas import (
    HEIGHT,
    WIDTH,
    Box,
    FilledBox,
    Layout,
    TextBlock,
    TextLine,
    read_layout,
)
from dustjacket.typesetting.setter import MARGIN, Setter
from dustjacket.typesetting.style import HouseStyle, Pairing, pairings_for

__all__ = ["Layout", "lay_out", "read_layout"]

PRESS_WIDTH = 1500
"""Pixels of art across a cover 5 inches wide, at 300 a inch: the least for press."""
_WEIGHTS = {"calm": 0.9, "size": 1.0, "contrast": 0.7, "art": 1.7, "balance": 0.3, "habits": 0.3}
_VARIETY, _FAVOURITE = 0.3, 0.35
"""How far the seed can raise a score, of any arrangement and of those of one family."""
_SMALL = 800
"""Pixels of the longer side of the copy that is looked at."""
_AREA_POWER = 0.5
"""How much a smaller picture counts less."""
_WHOLE_BONUS = 0.35
"""For type over art that needs no veil."""
_LABEL_SIZE = 0.0165
"""Of the cover's width; 5.9 points on a cover 5 inches wide."""


@dataclass(frozen=True)
class _Scored:
    coloured: Coloured
    arrangement: Arrangement
    above: float
    score: float


def lay_out(
    art: Image.Image,
    book: Book,
    style: HouseStyle,
    seed: int,
    *,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    habits: Habits | None = None,
    provenance: Provenance | None = None,
) -> Layout:
    """Return where title, subtitle and author stand on the art, and in which type and colours.

    Every arrangement is scored by how calm the art is behind type, size of the title, contrast
    without a veil, art that stays visible, balance, and habits of the genre if they are given; the
    seed chooses the typefaces and among arrangements of about the same score. Text has a contrast
    of 4.5 or more (WCAG 2.2), by a veil or field where the art gives less.

    Args:
        size: of the cover in pixels.
        provenance: of generated art; the cover then says so, unless the style forbids it.

    Raises:
        BadInputError: the art is too small, a font is missing, or none has a character.
    """
    check_size(art.size)
    rng = random.Random(seed)  # noqa: S311 - a choice of design
    pairing = style.fonts or rng.choice(pairings_for(book.genre))
    fonts = catalogue(style.font_folder)
    setter = Setter(book, style, pairing, fonts, *size)
    whole = art.convert("RGB")
    small = whole.copy()
    small.thumbnail((_SMALL, _SMALL))
    colours, saliency = colours_of(cropped(small, *size)), saliency_of(small)
    # Seeds that follow each other favour different families: concepts of a book should differ.
    favourite = style.families[seed % len(style.families)]
    candidates = []
    for arrangement in arrangements(setter):
        preview = preview_of(small, saliency, arrangement.art_box, size)
        for coloured in colour(arrangement, preview, colours, style, size):
            if coloured.contrast >= MIN_CONTRAST:
                jitter = _VARIETY * rng.random()
                jitter += _FAVOURITE * (arrangement.family == favourite)
                score = _score(arrangement, coloured, preview, habits, size) + jitter
                candidates.append(_Scored(coloured, arrangement, preview.above, score))
    if not candidates:
        raise BadInputError(
            f"house style {style.name}: no arrangement of {', '.join(style.families)} is legible "
            "on this art: allow the family `panel`, or another position"
        )
    best = max(candidates, key=lambda candidate: candidate.score)
    art_share = best.arrangement.art_box.width / size[0]
    layout = Layout(
        width=size[0],
        height=size[1],
        book=book,
        style=style.name,
        family=f"{best.arrangement.family} {best.arrangement.position}, {pairing.name}",
        seed=seed,
        concept=cropped(whole, *size).width < PRESS_WIDTH * art_share,
        contrast=round(best.coloured.contrast, 2),
        background=best.coloured.background,
        art_box=best.arrangement.art_box,
        cut_above=best.above,
        fills=best.coloured.fills,
        texts=best.coloured.texts,
        provenance=provenance,
    )
    return _with_marks(layout, style, pairing)


def _score(
    arrangement: Arrangement,
    coloured: Coloured,
    preview: ArtPreview,
    habits: Habits | None,
    size: tuple[int, int],
) -> float:
    title, on_art = arrangement.title(), preview.art_mask()
    text_mask = preview.mask([text.box for text in arrangement.texts])
    covered = preview.mask([arrangement.panel]) if arrangement.panel else text_mask
    behind = preview.detail[text_mask & on_art] if arrangement.panel is None else np.empty(0)
    visible = preview.matters[on_art & ~covered].sum()
    rows = np.arange(len(on_art))[:, None] / len(on_art)
    centre = float((preview.matters * rows).sum() / max(1e-6, float(preview.matters.sum())))
    middle = (title.box.top + title.box.height / 2) / size[1]
    terms = {
        "calm": 1 - float(behind.mean()) if behind.size else 0.85,
        "size": min(1.0, title.text.size / (0.13 * size[0])),
        "contrast": 1 - coloured.veil,
        "art": float(visible) * float(on_art.mean()) ** _AREA_POWER,
        "balance": min(1.0, 2 * abs(middle - centre)),
    }
    if habits:
        author = next((t for t in arrangement.texts if t.role == "author"), None)
        weight = habits.weight("title", middle)
        if author:
            weight *= habits.weight("author", (author.box.top + author.box.height / 2) / size[1])
        terms["habits"] = float(np.clip(np.log(weight), -2, 2))
    whole = _WHOLE_BONUS * (1 - coloured.veil) if arrangement.family == "overlay" else 0.0
    return whole + float(sum(_WEIGHTS[name] * value for name, value in terms.items()))


def _with_marks(layout: Layout, style: HouseStyle, pairing: Pairing) -> Layout:
    """Return the layout with the style's frame and logo, and the label of generated art."""
    changes: dict[str, object] = {}
    width, height = layout.width, layout.height
    if style.frame:
        inset, stroke = style.frame.inset * width, style.frame.width * width
        frame = FilledBox(
            box=Box(left=inset, top=inset, width=width - 2 * inset, height=height - 2 * inset),
            colour=style.frame.colour.lower(),
            stroke=stroke,
        )
        changes["fills"] = (*layout.fills, frame)
    if style.logo_png:
        side, edge = LOGO_SIDE * width, 0.08 * width
        changes["logo"] = Box(
            left=width - edge - side, top=height - edge - side, width=side, height=side
        )
        changes["logo_png"] = style.logo_png
    if style.label and layout.provenance:
        text = f"Concept · {LABEL}" if layout.concept else LABEL
        label, plate = _label(text, layout, style, pairing)
        changes["texts"] = (*layout.texts, label)
        changes["fills"] = (*(changes.get("fills") or layout.fills), plate)  # type: ignore[misc]
    return layout.model_copy(update=changes)


def _label(
    text: str, layout: Layout, style: HouseStyle, pairing: Pairing
) -> tuple[TextBlock, FilledBox]:
    """Return a small line at the foot, on a plate that makes it legible on any art."""
    size = _LABEL_SIZE * layout.width
    face = catalogue(style.font_folder).face_for(
        text, pairing.text, pairing.text_weight, italic=False
    )
    extents = measure(text, face, 0.04)
    width, pad = extents.advance * size, 0.6 * size
    title = layout.texts[0]
    edge = MARGIN * layout.width + width / 2
    middle = {"left": edge, "center": layout.width / 2, "right": layout.width - edge}[title.align]
    baseline = layout.height - 1.55 * size
    box = Box(
        left=middle - width / 2,
        top=baseline - extents.ascent * size,
        width=width,
        height=(extents.ascent + max(0.0, extents.descent)) * size,
    )
    plate = Box(
        left=box.left - pad, top=box.top - 0.7 * pad,
        width=box.width + 2 * pad, height=box.height + 1.4 * pad,
    )  # fmt: skip
    block = TextBlock(
        role="label", font=face.family, weight=face.weight, italic=face.italic, size=size,
        tracking=0.04, colour="#ffffff", align="center", box=box,
        lines=(TextLine(text=text, x=middle, baseline=baseline),),
    )  # fmt: skip
    return block, FilledBox(box=plate, colour="#1a1a1a", opacity=0.82)
