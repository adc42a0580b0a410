"""The workbook that is given back: as it came, with columns appended."""

import io

from openpyxl import load_workbook

from tests.support.spreadsheets import xlsx

SHEET = [["ISBN", "Titel", "Preis"], [9780141439587, "Rice", 12.5]]


def workbook_of(studio, body):
    response = studio.post("/genre/batch/xlsx", content=body)
    assert response.status_code == 200, response.text
    return load_workbook(io.BytesIO(response.content)).active


def test_all_columns_come_back_as_text_with_the_genres_beside_them(studio):
    sheet = workbook_of(
        studio, b"ISBN;Titel;Preis\n9780141439587;Rice;12.5\n0141439580;=1+1;\n1;;\n"
    )
    header, rice, formula, untitled = sheet.iter_rows()
    assert [cell.value for cell in header] == [
        "ISBN", "Titel", "Preis", "predicted genre", "probability", "sure",
        "second genre", "second probability", "problem",
    ]  # fmt: skip
    assert [cell.value for cell in rice[:4]] == ["9780141439587", "Rice", "12.5", "Cooking"]
    assert rice[4].value > 0.9
    assert [cell.value for cell in formula[:2]] == ["0141439580", "=1+1"]
    assert untitled[8].value == "no title"
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds, "no cell is a formula"


def test_a_spreadsheet_comes_back_as_it_came(studio):
    sheet = workbook_of(studio, xlsx({"Books": SHEET}))
    assert [cell.value for cell in sheet[2]][:4] == ["9780141439587", "Rice", "12.5", "Cooking"]


def test_characters_that_no_workbook_can_hold_do_not_stop_it(studio):
    sheet = workbook_of(studio, "title\nRice \ufffe\n".encode())
    assert sheet["A2"].value == "Rice \ufffd"


def test_a_row_with_too_many_cells_does_not_move_the_genres_of_others(studio):
    sheet = workbook_of(studio, b"title,isbn\nRice,1\nParis,2,3\n")
    assert [cell.value for cell in sheet["C"]] == ["predicted genre", "Cooking", None]
    assert [cell.value for cell in sheet[3]] == [
        "Paris", "2", None, None, None, None, None, "wrong column count", "3",
    ]  # fmt: skip
