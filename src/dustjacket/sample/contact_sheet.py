"""A contact sheet: covers side by side, not cropped."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps

COLUMNS, ROWS = 8, 6
_CELL, _GAP = (200, 300), 14
_WALL = (206, 202, 196)


def write_contact_sheet(file: Path, covers: Sequence[Path | BinaryIO], comment: str = "") -> None:
    """Write a JPEG of the first ``COLUMNS`` times ``ROWS`` of ``covers``.

    Args:
        comment: kept in the file.
    """
    shown = covers[: COLUMNS * ROWS]
    rows = -(-len(shown) // COLUMNS)
    size = [
        _GAP + count * (side + _GAP) for count, side in zip((COLUMNS, rows), _CELL, strict=True)
    ]
    sheet = Image.new("RGB", (size[0], size[1]), _WALL)
    for number, cover in enumerate(shown):
        row, column = divmod(number, COLUMNS)
        with Image.open(cover) as image:
            small = ImageOps.contain(image.convert("RGB"), _CELL)
        left = _GAP + column * (_CELL[0] + _GAP) + (_CELL[0] - small.width) // 2
        top = _GAP + row * (_CELL[1] + _GAP) + (_CELL[1] - small.height) // 2
        sheet.paste(small, (left, top))
    sheet.save(file, "JPEG", quality=90, comment=comment)
