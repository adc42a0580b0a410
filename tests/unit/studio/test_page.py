"""The page's scripts, run by the Node.js that Playwright brings."""

import csv
import io
import json
import subprocess

import pytest
from playwright._impl._driver import compute_driver_executable

from dustjacket.studio.app import PAGE

ROW = {"row": 1, "author": "", "genre": "Cooking", "probability": 0.5, "second": None}


def downloaded(rows):
    """Return the bytes of the CSV file that the page offers for predictions."""
    node, _ = compute_driver_executable()
    script = (
        f"const {{ csvOf }} = await import({json.dumps((PAGE / 'csv.js').as_uri())});"
        f"const file = await csvOf({json.dumps(rows)}).arrayBuffer();"
        "process.stdout.write(Buffer.from(file));"
    )
    command = [node, "--input-type=module", "-e", script]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode()


FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "a;=1+1", "a\t=1", "a\r\n=1",
    "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff201", "a;\uff1d1", ';"=1',
]  # fmt: skip
PLAIN = [
    "Rice", 'She said "no"; then left', "A-B = C", "1 + 1", "Well; -maybe", "a,b", "x@y", "a\n\nb",
]  # fmt: skip


@pytest.fixture(scope="module")
def titles():
    text = downloaded([{**ROW, "title": title} for title in [*FORMULAS, *PLAIN]])
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
    assert header[:4] == ["row", "title", "author", "genre"]
    assert [row[1] for row in rows][len(FORMULAS) :] == PLAIN
    assert rows[0][0] == "1"
    assert rows[0][4] == "0.5"
