"""The page's scripts, run by the Node.js that Playwright brings."""

import csv
import io
import json
import subprocess

import pytest
from playwright._impl._driver import compute_driver_executable

from dustjacket.studio.app import PAGE

ROW = {"row": 1, "genre": "Cooking", "probability": 0.5, "second": None}


def downloaded(rows, columns=("title",), separator=","):
    """Return the CSV file that the page offers for predictions."""
    table = {"columns": columns, "separator": separator}
    node, _ = compute_driver_executable()
    script = (
        f"const {{ csvOf }} = await import({json.dumps((PAGE / 'csv.js').as_uri())});"
        f"const file = await csvOf({json.dumps(table)}, {json.dumps(rows)}).arrayBuffer();"
        "process.stdout.write(Buffer.from(file));"
    )
    command = [node, "--input-type=module", "-e", script]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode()


def test_a_search_that_continues_another_takes_its_place_and_eight_are_kept():
    node, _ = compute_driver_executable()
    script = (
        f"const {{ withSearch }} = await import({json.dumps((PAGE / 'searches.js').as_uri())});"
        "let kept = [];"
        "for (const title of ['R', 'Rice', 'Paris', 'Rice', ...'abcdefg'])"
        " kept = withSearch(kept, { title, author: '', genre: '' });"
        "process.stdout.write(JSON.stringify(kept.map(({ title }) => title)));"
    )
    command = [node, "--input-type=module", "-e", script]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert found == [*"gfedcba", "Rice"]


FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "a;=1+1", "a\t=1", "a\r\n=1",
    "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff201", "a;\uff1d1", ';"=1',
]  # fmt: skip
PLAIN = [
    "Rice", 'She said "no"; then left', "A-B = C", "1 + 1", "Well; -maybe", "a,b", "x@y", "a\n\nb",
]  # fmt: skip


@pytest.fixture(scope="module")
def titles():
    text = downloaded([{**ROW, "cells": [title]} for title in [*FORMULAS, *PLAIN]])
    assert text.startswith("\ufeff")
    return {
        separator: list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=separator))
        for separator in ",;\t"
    }


def test_no_cell_of_the_download_begins_a_formula_whatever_separates_cells(titles):
    for separator, rows in titles.items():
        starts = {cell[:1] for row in rows for cell in row}
        assert not starts & set("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"), separator


def test_plain_titles_are_unchanged_in_the_download(titles):
    header, *rows = titles[","]
    assert header == [
        "title", "predicted genre", "probability", "sure", "second genre", "second probability",
        "problem",
    ]  # fmt: skip
    assert [row[0] for row in rows][len(FORMULAS) :] == PLAIN
    assert rows[0][1:3] == ["Cooking", "0.5"]


def test_the_file_comes_back_with_its_columns_and_separator():
    rows = [
        {**ROW, "cells": ["0141439580", "Rice"]},
        {"row": 2, "cells": ["1", "a", "surplus"], "error": "wrong column count"},
        {"row": 3, "cells": [], "error": "nul byte"},
    ]
    text = downloaded(rows, ("ISBN", "Titel"), ";")[1:]
    _, rice, surplus, empty = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    assert rice[:3] == ["0141439580", "Rice", "Cooking"]
    assert surplus == ["1", "a", "", "", "", "", "", "wrong column count", "surplus"]
    assert empty == ["", "", "", "", "", "", "", "nul byte"]
