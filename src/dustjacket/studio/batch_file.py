"""Predictions for a table of titles as an Excel workbook: all its columns, and those predicted."""

import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

from dustjacket.studio.batch import TitleTable

ADDED = {
    "predicted genre": "genre",
    "probability": "probability",
    "sure": "sure",
    "second genre": "second",
    "second probability": "second_probability",
    "problem": "error",
}
"""Columns that are added, and the field of a prediction in each, as in the page's ``csv.js``."""
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MAX_CELL_CHARS = 32_767
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def workbook(table: TitleTable, predictions: Iterable[Mapping[str, Any]]) -> bytes:
    """Return an .xlsx file with a header and one row for each row of the table.

    Every cell of the table is text: no ISBN loses a digit, and no cell is run as a formula.
    """
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Genres")
    sheet.freeze_panes = "A2"
    names = [_text_cell(sheet, name) for name in (*table.columns, *ADDED)]
    for name in names:
        name.font = Font(bold=True)
    sheet.append(names)
    width = len(table.columns)
    for prediction in predictions:
        cells = [*prediction["cells"], *[""] * width][: max(width, len(prediction["cells"]))]
        added = [prediction.get(field) for field in ADDED.values()]
        # A row with too many cells is refused: its surplus would stand below other headers.
        sheet.append(
            [
                *(_text_cell(sheet, cell) for cell in cells[:width]),
                *(_text_cell(sheet, one) if isinstance(one, str) else one for one in added),
                *(_text_cell(sheet, cell) for cell in cells[width:]),
            ]
        )
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def _text_cell(sheet: Any, text: str) -> Any:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, _FORBIDDEN.sub("\ufffd", text)[:_MAX_CELL_CHARS])
    cell.data_type, cell.number_format = "s", "@"
    return cell
