"""Concepts as files: the same request writes the same bytes, and one bad book stops no other."""

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from dustjacket.cli import create
from dustjacket.cli.app import main
from dustjacket.cli.book_table import read_books
from dustjacket.cli.create import FACTS, SHEET, write_covers
from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.generation import published_tools
from tests.support.generators import copying_tools, drawing_tools, tools_without_generator
from tests.support.images import drawn, saved

RICE = {"title": "Rice, rice", "author": "Ada Stern", "n": 2, "seed": 5}


@pytest.fixture(scope="module")
def tools():
    return drawing_tools()


def write(tools, books, out, forms=("jpeg",)):
    """Write covers; return what was printed."""
    text = io.StringIO()
    options = {"predict": cooking, "console": Console(file=text, width=200)}
    try:
        write_covers(tools, books, out, forms, **options)
    finally:
        write.printed = text.getvalue()
    return write.printed


def test_every_form_is_written_best_first_with_facts_and_a_contact_sheet(tools, tmp_path):
    printed = write(tools, [RICE], tmp_path / "new" / "covers", ("png", "svg", "pdf", "json"))
    out = tmp_path / "new" / "covers"
    names = {f"0001-rice-rice-{rank}.{form}" for rank in (1, 2) for form in
             ("png", "svg", "pdf", "json")}  # fmt: skip
    assert {file.name for file in out.iterdir()} == names | {FACTS, SHEET}
    facts = json.loads((out / FACTS).read_text())
    assert [row["rank"] for row in facts] == [1, 2]
    assert facts[0]["score"] >= facts[1]["score"]
    assert {row["genre"] for row in facts} == {"Cooking"}
    assert {row["seed"] for row in facts} == {5, 6}
    assert "2 of 2, seed 6, fits better than" in printed


def test_an_untested_generator_is_named_once_and_not_praised(tools, tmp_path):
    untested = replace(tools, artist=lambda: replace(tools.artist(), untested=True))
    printed = write(untested, [RICE], tmp_path)
    assert printed.count("cover_generator/test-1 has not passed an evaluation") == 1
    assert "fits better" not in printed
    facts = json.loads((tmp_path / FACTS).read_text())
    assert [(row["fit"], row["untested"]) for row in facts] == [(None, True)] * 2


def test_the_same_books_and_seed_write_the_same_bytes(tools, tmp_path):
    forms = ("png", "svg", "pdf", "json")
    for name in ("one", "two"):
        write(tools, [RICE], tmp_path / name, forms)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes(), file.name


def test_a_bad_book_is_reported_and_the_others_are_written(tools, tmp_path):
    books = [{**RICE, "title": ""}, {**RICE, "n": 1}, {**RICE, "title": "x" * 500}]
    with pytest.raises(BadInputError, match="2 of 3 books"):
        write(tools, books, tmp_path)
    assert "book 1 has no covers: title" in write.printed
    assert "book 3 has no covers: title" in write.printed
    assert (tmp_path / "0002-rice-rice-1.jpeg").exists()


def test_a_near_copy_is_named_with_its_pair_and_not_written(tmp_path):
    printed = write(copying_tools(), [{**RICE, "n": 1}], tmp_path)
    assert "near copy of the real cover 00000005" in printed
    assert {file.name for file in tmp_path.iterdir()} == {FACTS}
    (facts,) = json.loads((tmp_path / FACTS).read_text())
    assert (facts["copy_of"], facts["files"]) == ("00000005", [])


def test_without_a_generator_nothing_is_written(tmp_path):
    with pytest.raises(NotReadyError, match="dustjacket run"):
        write(tools_without_generator(), [RICE], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_title_of_a_path_stays_in_the_folder(tools, tmp_path):
    write(tools, [{**RICE, "title": "../../etc/passwd", "n": 1}], tmp_path / "out")
    assert {file.name for file in tmp_path.iterdir()} == {"out"}
    assert (tmp_path / "out" / "0001-etc-passwd-1.jpeg").exists()


def test_books_are_read_from_a_table(tmp_path):
    table = tmp_path / "books.csv"
    table.write_text("Titel,Verfasser,genre\nRice,Ada Stern,Cooking\n,Nobody,Travel\nBeans,,\n")
    assert [*read_books(str(table))] == [
        {"title": "Rice", "author": "Ada Stern", "genre": "Cooking"},
        {"author": "Nobody", "genre": "Travel"},
        {"title": "Beans"},
    ]


def cooking(title, author):
    return "Cooking"


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Run the command with tools of the tests; return its exit status and its last line."""

    def command(*words, **settings):
        store = type("Store", (), {})()
        store.settings = type("Settings", (), {"generation": True, **settings})()
        monkeypatch.setattr(create, "open_store", lambda: store)
        monkeypatch.setattr(published_tools, "open_tools", lambda _: drawing_tools())
        monkeypatch.setattr(published_tools, "genre_predictor", lambda _: cooking)
        monkeypatch.setattr("sys.argv", ["dustjacket", "create", *map(str, words)])
        try:
            main()
        except SystemExit as ended:
            return ended.code, capsys.readouterr().err.strip()
        return 0, ""

    return command


def test_the_command_takes_a_title_own_art_and_a_table(run, tmp_path):
    out, art, table = tmp_path / "out", tmp_path / "art.png", tmp_path / "books.csv"
    art.write_bytes(saved(drawn(1, (400, 640))))
    table.write_text("title,author\nRice,Ada\nBeans,Ada\n")
    assert run("Rice", "--out", out, "-n", 1, "--format", "jpeg,json") == (0, "")
    assert (out / "0001-rice-1.json").exists()
    on_art = ("Beans", "--out", tmp_path / "own", "-n", 1, "--format", "jpeg", "--art", art)
    assert run(*on_art, generation=False) == (0, "")
    assert run("--batch", table, "--out", tmp_path / "many", "-n", 1, "--format", "jpeg")[0] == 0
    assert (tmp_path / "many" / "0002-beans-1.jpeg").exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ((), "title"), (("Rice", "--batch", "x.csv"), "either"), (("x" * 500,), "1 of 1"),
        (("Rice", "--art", "{tmp}/bad.png"), "refused: it is no picture"),
        (("Rice", "--art", "{tmp}/none.png"), "none.png"), (("Rice", "-n", "99"), "n:"),
        (("Rice", "--format", "gif"), "format"), (("Rice", "--style", "{tmp}/none.yaml"), "style"),
        (("--batch", "{tmp}/none.csv"), "none.csv"),
    ],
)  # fmt: skip
def test_wrong_input_is_one_line(run, tmp_path, words, reason):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    status, line = run(*(word.format(tmp=tmp_path) for word in words), "--out", tmp_path / "out")
    assert status in (1, 2)  # 2: a flag's value is out of range
    assert reason in line
    assert "\n" not in line


def test_generation_that_is_turned_off_draws_nothing(run, tmp_path):
    status, line = run("Rice", "--out", tmp_path / "out", generation=False)
    assert (status, "DUSTJACKET_GENERATION=true" in line) == (1, True)
    assert not (tmp_path / "out").exists()
