import json
import sys

import pytest
from PIL import Image

from dustjacket.cli.app import main
from dustjacket.typesetting.schemas import read_layout
from tests.unit.typesetting.conftest import landscape


@pytest.fixture
def art(tmp_path):
    landscape().save(tmp_path / "art.png")
    return tmp_path / "art.png"


def run(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["dustjacket", *map(str, words)])
    main()


def test_a_cover_is_made_edited_and_rendered_again(monkeypatch, tmp_path, art, capsys):
    out = tmp_path / "out"
    run(
        monkeypatch, "cover", "make", art, "--title", "The Moon Pool", "--author", "A. Merritt",
        "--format", "jpg,json", "--out", out,
    )  # fmt: skip
    assert "this is a concept, not press art" in " ".join(capsys.readouterr().out.split())
    assert sorted(file.name for file in out.iterdir()) == ["cover.jpeg", "cover.json"]
    value = json.loads((out / "cover.json").read_text())
    value["texts"][0]["colour"] = "#ff0000"
    (out / "edited.json").write_text(json.dumps(value))
    run(
        monkeypatch, "cover", "render", out / "edited.json", "--art", art, "--format", "svg",
        "--out", out,
    )  # fmt: skip
    assert 'fill="#ff0000"' in (out / "cover.svg").read_text()


def test_a_paperback_is_made_of_pages_and_isbn(monkeypatch, tmp_path, art):
    run(
        monkeypatch, "cover", "make", art, "--title", "Moon", "--pages", "200", "--trim", "6x9",
        "--isbn", "9780141439846", "--format", "jpeg,json", "--out", tmp_path,
        "--generator", "own model 1",
    )  # fmt: skip
    with Image.open(tmp_path / "wrap.jpeg") as image:
        assert image.size == (4080, 2960)
    layout = read_layout((tmp_path / "cover.json").read_bytes())
    assert (layout.width, layout.height) == (1920, 2880)
    assert layout.block("label")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--title", ""], "title: "),
        (["--title", "x" * 500], "at most 200"),
        (["--title", "a", "--format", "gif"], "--format gif"),
        (["--title", "a", "--style", "none.yaml"], "none.yaml"),
        (["--title", "a", "--pages", "5"], "prints 24 to 828 pages"),
        (["--title", "a", "--key", "k.pem"], "name both"),
    ],
)
def test_wrong_input_is_one_line(monkeypatch, tmp_path, art, capsys, words, message):
    with pytest.raises(SystemExit):
        run(monkeypatch, "cover", "make", art, *words, "--out", tmp_path / "out")
    errors = capsys.readouterr().err.strip()
    assert message in errors
    assert "\n" not in errors
    assert not (tmp_path / "out").exists()
