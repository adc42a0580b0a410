"""Sets of covers as they are found in the world: what is read of each, and what is said of others.

The text of a case names what may come out of each row; a row passes if its outcome is among that.
"""

import re
from pathlib import Path

import pytest

from dustjacket.errors import BadInputError
from tests.support.cases import CASES, given, need_cases
from tests.support.covers_run import outcomes, run

LINKS = {32, 33, 34, 35}
"""Rows of the case of paths that need links, which a copy of the cases may lack."""

DESCRIBED = {
    "40-image-formats": {21: "cover"},
    "41-paths": {26: "bad_scheme", 27: "bad_url"},
}


def read(name, tmp_path):
    need_cases()
    case = given(name)
    return run(None, Path(case.source), tmp_path / "out", **case.parameters)


@pytest.mark.parametrize("name", ["40-image-formats", "41-paths"])
def test_each_row_has_an_outcome_that_fits(tmp_path, name):
    found = outcomes(read(name, tmp_path))
    lines = (CASES / name / "expect.txt").read_text().splitlines()
    expected = {int(line[:2]): line[2:] for line in lines if re.match(r"\d\d ", line)}
    # Of rows whose text names no outcome, the outcomes that it describes.
    for row, outcome in DESCRIBED.get(name, {}).items():
        expected[row] += f": {outcome}"
    skipped = LINKS if name == "41-paths" else set()
    assert set(found) == set(expected)
    wrong = {
        row: (found[row], text)
        for row, text in expected.items()
        if row not in skipped and not re.search(rf"\b{found[row]}\b", text)
    }
    assert not wrong


@pytest.mark.parametrize(
    ("name", "titles"),
    [
        ("42a-name-not-utf8", ["One", "Two"]),
        ("42b-name-with-newline", ["One", "Two"]),
        ("42d-name-with-backslash", ["One", "Two"]),
        ("43-named-images", [
            "1984", "Dune & Co", "Emma", "A Wizard of Earthsea", "Mistborn - The Final Empire",
            "The Hobbit", "The Road",
        ]),
        ("44-calibre-library", [f"Title {n}" for n in range(12)]),
        ("47-semicolon-table-in-folder", [f"Title {n}" for n in range(4)]),
        ("54-table-beside-images", [f"T{n}" for n in range(4)]),
        ("55-covers-seven-columns", [f"T{n}" for n in range(4)]),
        ("57b-covers-parquet-with-images", ["Emma", "Persuasion", "Dune", "Ubik"]),
    ],
)  # fmt: skip
def test_a_set_is_read(tmp_path, name, titles):
    found = read(name, tmp_path)
    assert set(found.index["title"]) == set(titles)
    assert not found.result.by_reason


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("58a-covers-zip", "names that are no titles, such as '0.jpg': name images"),
        ("58c-covers-empty-table", "names that are no titles.*'covers.csv' is empty"),
    ],
)
def test_a_set_is_refused_with_its_cure(tmp_path, name, error):
    with pytest.raises(BadInputError, match=error):
        read(name, tmp_path)


def test_one_book_is_on_one_side_and_one_picture_in_many_sizes_is_a_placeholder(tmp_path):
    found = read("46-covers-leak-and-placeholders", tmp_path)
    by_position = found.index.set_index("position")
    for first in range(1, 21, 4):
        rows = [row for row in range(first, first + 4) if row in by_position.index]
        assert by_position.loc[rows, "split"].nunique() == 1
    placeholders = {title for title, why in found.reasons().items() if why == "placeholder"}
    assert {title.rstrip(" 0123456789") for title in placeholders} == {
        "Six share", "Eight share in sizes"
    }  # fmt: skip
    assert sum(found.index["title"].str.startswith("Four share")) == 4
