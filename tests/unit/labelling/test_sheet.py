import io
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font, PatternFill

from dustjacket.labelling.label import COLUMNS
from dustjacket.labelling.label_file import label_file
from dustjacket.labelling.source import LabelOptions
from tests.support.labelled import VERSION, word_labeller


def workbook() -> Workbook:
    book = Workbook()
    sheet = book.active
    sheet.title = "Backlist"
    sheet.append(["Spring 2026"])
    sheet.append(["Title", "Author", "Price", "Double"])
    for cell in sheet[2]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="FFCC00")
    sheet.append(["The long road", "Ann", 9.5, "=C3*2"])
    sheet.append([])
    sheet.append(["unsure & <so>", "Bo", 3, None, None, "a note"])
    sheet.append([None, "Cy", 4])
    sheet["C3"].number_format = '0.00 "€"'
    sheet.column_dimensions["A"].width = 41
    sheet.freeze_panes = "A3"
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=3, min_row=3, max_row=6))
    sheet.add_chart(chart, "K2")
    other = book.create_sheet("Notes")
    other.append(["kept"])
    return book


def given_back(tmp_path: Path, body: bytes) -> bytes:
    path = tmp_path / "backlist.xlsx"
    path.write_bytes(body)
    return label_file(path, None, word_labeller(), LabelOptions()).out.read_bytes()


def saved(book: Workbook) -> bytes:
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def test_a_spreadsheet_comes_back_with_styles_formulas_and_charts(tmp_path):
    body = saved(workbook())
    written = given_back(tmp_path, body)
    book = load_workbook(io.BytesIO(written))
    sheet = book["Backlist"]
    rows = [[cell.value for cell in row] for row in sheet["A1:L6"]]
    assert [cell.value for cell in sheet[2]][6:] == list(COLUMNS)
    assert rows[2][:4] == ["The long road", "Ann", 9.5, "=C3*2"]
    assert rows[2][6:] == [
        "Travel", 0.9, "Cooking 0.05; Science & Poésie 0.05", "no", VERSION, None
    ]  # fmt: skip
    assert rows[3] == [None] * 12
    assert rows[4][5:10] == ["a note", None, None, "Cooking 0.90; Science & Poésie 0.05", "yes"]
    assert rows[5][-1] == "no_title"
    assert rows[5][6:11] == [None] * 5
    assert sheet["G2"].font.bold
    assert sheet["G2"].fill.fgColor.rgb == "00FFCC00"
    assert sheet["C3"].number_format == '0.00 "€"'
    assert sheet.column_dimensions["A"].width == 41
    assert sheet.freeze_panes == "A3"
    assert sheet.dimensions == "A1:L6"
    assert len(sheet._charts) == 1
    assert book["Notes"]["A1"].value == "kept"
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(io.BytesIO(written)) as new:
        assert old.namelist() == new.namelist()
        changed = [name for name in old.namelist() if old.read(name) != new.read(name)]
    assert changed == ["xl/worksheets/sheet1.xml"]
    assert given_back(tmp_path, body) == written


def rewritten(body: bytes, change) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, change(part) if name == "xl/worksheets/sheet1.xml" else part)
    return out.getvalue()


def test_sheets_of_other_programs_are_read(tmp_path):
    book = Workbook()
    for row in (["title", "author"], ["The road", "Ann"], ["Rice", "Bo"]):
        book.active.append(row)
    body = saved(book)
    prefix = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"

    def change(part: bytes) -> bytes:
        for name in (b"row", b"c"):
            part = part.replace(b"<" + name + b" ", b"<x:" + name + b" ")
            part = part.replace(b"</" + name + b">", b"</x:" + name + b">")
        part = part.replace(b"<worksheet ", b'<worksheet xmlns:x="' + prefix + b'" ')
        return part.replace(b'<x:row r="2"', b'<x:row r="2" spans="1:2"')

    written = given_back(tmp_path, rewritten(body, change))
    rows = [[cell.value for cell in row] for row in load_workbook(io.BytesIO(written)).active]
    assert [row[:3] for row in rows] == [
        ["title", "author", "subject"], ["The road", "Ann", "Travel"], ["Rice", "Bo", "Cooking"]
    ]  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        assert b"spans=" not in archive.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("rows", [3000])
def test_a_sheet_of_many_chunks_keeps_each_label_in_its_row(tmp_path, rows):
    book = Workbook()
    book.active.append(["title", "n"])
    for n in range(rows):
        book.active.append([f"{'road' if n % 3 else 'star'} {'x' * (n % 97)}", n])
    written = given_back(tmp_path, saved(book))
    read = load_workbook(io.BytesIO(written), read_only=True).active.iter_rows(2, values_only=True)
    for n, row in enumerate(read):
        assert row[1:3] == (n, "Travel" if n % 3 else "Science & Poésie")
    assert n == rows - 1
