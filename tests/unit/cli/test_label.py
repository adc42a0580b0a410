import sys

import pytest

from dustjacket.cli import app, label
from dustjacket.pipeline.kinds import Kind
from tests.support.bucket import store_in_memory
from tests.support.facts import least_facts
from tests.support.studio_case import loaded_classifier

VERSION = "20260101T000000000000Z-0123456789ab"


@pytest.fixture
def store(monkeypatch, tmp_path):
    store = store_in_memory()
    monkeypatch.setattr(label, "open_store", lambda: store)
    store.settings = store.settings.model_copy(update={"home": tmp_path / "home"})
    return store


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["dustjacket", "label", *map(str, arguments)])
    app.main()


def test_a_file_is_given_back_and_counted(store, monkeypatch, tmp_path, capsys):
    draft = store.draft(Kind.GENRE_CLASSIFIER, VERSION)
    loaded_classifier().scorer.save(tmp_path / "scorer")
    for file in (tmp_path / "scorer").iterdir():
        draft.put(f"scorer/{file.name}", file.read_bytes())
    draft.publish(facts=least_facts(Kind.GENRE_CLASSIFIER))
    path = tmp_path / "backlist.csv"
    path.write_text("Buch;Titel\n1;Rice\n2;Quux\n3;\n")
    run(monkeypatch, path)
    header, rice, unknown, empty = (tmp_path / "backlist.labelled.csv").read_text().splitlines()
    assert header == ("Buch;Titel;subject;probability;alternatives;not_sure;model_version;reason")
    assert rice.startswith("1;Rice;Cooking;0.99")
    assert rice.endswith(f";no;genre_classifier/{VERSION};")
    assert unknown.startswith("2;Quux;;;")
    assert ";yes;" in unknown
    assert empty == "3;;;;;;;no_title"
    printed = capsys.readouterr().out
    for words in ("Cooking", "not sure", "rejected: no_title", "backlist.labelled.csv (csv)"):
        assert words in printed


def test_without_a_classifier_or_a_file_one_line_says_what_to_do(
    store, monkeypatch, tmp_path, capsys
):
    with pytest.raises(SystemExit):
        run(monkeypatch, tmp_path / "a.csv")
    assert "no version of genre_classifier is published yet: run" in capsys.readouterr().err
