"""What a notebook gets of ``import dustjacket as dj``."""

import subprocess
import sys

import pandas as pd
import pytest

import dustjacket as dj
from dustjacket.client import notebook
from dustjacket.client.answers import Answers
from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.settings import home
from tests.support.bucket import store_in_memory
from tests.support.published import LABELS, VERSION, parquet, publish_all
from tests.support.running_studio import studio_in_memory
from tests.support.studio_case import GENRES, make_app, running


@pytest.fixture(scope="module")
def store():
    store = store_in_memory()
    publish_all(store)
    return store


@pytest.fixture(autouse=True)
def published(store, monkeypatch):
    monkeypatch.setattr(notebook, "_store", lambda: store)


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    with running(make_app(tmp_path_factory.mktemp("home"))) as client:
        yield Answers(studio_in_memory(client), store_in_memory)


@pytest.fixture
def studio(answers, monkeypatch):
    monkeypatch.setattr(notebook, "_answers", lambda: answers)


def test_importing_dustjacket_imports_nothing_heavy():
    code = (
        "import sys, dustjacket; print([n for n in sys.modules if n.partition('.')[0] in {names}])"
    )
    names = {"pandas", "numpy", "pydantic", "torch", "pyarrow", "httpx"}
    command = [sys.executable, "-c", code.format(names=names)]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"[]\n"
    assert "genre" in dir(dj)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        dj.nothing  # noqa: B018


@pytest.mark.usefixtures("studio")
def test_a_title_has_a_row_for_each_genre():
    frame = dj.genre("Rice, rice")
    assert list(frame.genre) == GENRES
    assert frame.attrs["classifier"] == "classifier-1"


@pytest.mark.usefixtures("studio")
def test_several_titles_have_a_column_for_each_genre():
    frame = dj.genre(["Rice", "Paris"])
    assert list(frame.columns) == GENRES
    assert list(frame.idxmax(axis="columns")) == GENRES
    assert list(frame.index) == ["Rice", "Paris"]


@pytest.mark.usefixtures("studio")
def test_covers_is_a_function_although_a_room_has_that_name():
    import dustjacket.covers.step

    found = dj.covers("Rice", top=3)
    assert len(found) == 3
    assert found.attrs["index"] == "index-1"
    assert dj.covers is dustjacket.covers
    page = dj.show(found.assign(title="<b>"))._repr_html_()
    assert page.count("data:image/jpeg;base64,") == 3
    assert "<b>" not in page


@pytest.mark.usefixtures("studio")
def test_prompts_are_matched_with_a_cover():
    key = dj.covers("Rice", top=1).key[0]
    assert list(dj.match(key, ["a", "b"]).prompt) == ["a", "b"]


def test_a_table_is_read_whole_and_in_order():
    frame = dj.load("labelled_covers")
    expected = LABELS.sort_values("position", ignore_index=True)
    pd.testing.assert_frame_equal(frame, expected)
    arrow = dj.load("labelled_covers", VERSION, table="labels", arrow=True)
    assert arrow.column("key").to_pylist() == list(expected.key)
    assert dj.tables("labelled_covers") == ["labels"]
    assert dj.versions("labelled_covers") == [VERSION]


def test_a_kind_without_a_main_table_gives_its_first(store):
    draft = store.draft("sentence_embeddings", VERSION)
    draft.put("vectors.parquet", parquet(LABELS))
    draft.publish(parents={}, parameters={}, facts={})
    assert len(dj.load("sentence_embeddings")) == 3


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: dj.load("labels"),
            BadInputError,
            "no kind is called 'labels': name one",
        ),
        (lambda: dj.load("catalog"), NotReadyError, "no catalog is published"),
        (lambda: dj.load("labelled_covers", table="x"), BadInputError, "name one of labels"),
        (lambda: dj.load("evaluation"), BadInputError, "it has no tables"),
        (lambda: dj.compare("catalog"), BadInputError, "name one of cover_clip, genre_classifier"),
        (lambda: dj.compare("genre_classifier"), NotReadyError, "no genre_classifier is published"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_the_newest_evaluation_is_compared():
    assert dj.compare().table.value.max() == 0.6


def test_decisions_are_listed():
    frame = dj.history()
    assert list(frame.who) == ["ada"]
    assert list(frame.why) == ["it is better"]


def test_another_platform_can_be_used(tmp_path, monkeypatch):
    monkeypatch.setenv("DUSTJACKET_HOME", "")
    dj.use(tmp_path / "other")
    assert home() == tmp_path / "other"
