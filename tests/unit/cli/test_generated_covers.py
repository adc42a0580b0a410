"""The contact sheet at the end of a run: of the generator that serves, drawn once for each."""

import io
from datetime import UTC, datetime

import pandas as pd
import pytest
from PIL import Image
from rich.console import Console

from dustjacket.cli import generated_covers
from dustjacket.cli.generated_covers import titles_of_test_side, version_of, write_generated_covers
from dustjacket.genres.published_labels import LABELS
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.manifest import version_name
from tests.support.bucket import store_in_memory
from tests.support.generators import copying_tools, drawing_tools, tools_without_generator

BOOKS = [
    ("Rice", "Ada", "test"), ("Trained on", None, "train"), ("x" * 500, None, "test"),
    ("Beans", None, "test"), *((f"Book {row}", None, "test") for row in range(20)),
]  # fmt: skip


@pytest.fixture
def store(monkeypatch):
    store = store_in_memory()
    monkeypatch.setattr(generated_covers, "Store", lambda _: store)
    monkeypatch.setattr(generated_covers, "open_tools", lambda _: drawing_tools())
    monkeypatch.setattr(generated_covers, "TITLES", 3)
    return store


def publish(store, kind, day, files):
    name = version_name(datetime(2026, 1, day, tzinfo=UTC), "0" * 12)
    draft = store.draft(kind, name)
    for path, body in files.items():
        draft.put(path, body)
    draft.publish(facts={})
    return name


def publish_labels(store):
    table = io.BytesIO()
    rows = pd.DataFrame(BOOKS, columns=["title", "author", "split"])
    rows.assign(genre="Cooking", position=range(len(rows))).to_parquet(table)
    publish(store, Kind.LABELLED_COVERS, 1, {f"{LABELS}/part-0.parquet": table.getvalue()})


def write(store, file):
    text = io.StringIO()
    write_generated_covers(store.settings, file, Console(file=text, width=500))
    return text.getvalue()


def test_without_a_generator_there_is_no_sheet(store, tmp_path):
    assert write(store, tmp_path / "sheet.jpg") == ""
    assert not (tmp_path / "sheet.jpg").exists()


def test_titles_are_of_the_test_side_and_can_be_set(store):
    publish_labels(store)
    titles = [request.title for request in titles_of_test_side(store)]
    assert titles == ["Rice", "Beans", "Book 0"]


def test_the_sheet_is_drawn_once_for_each_generator(store, tmp_path, monkeypatch):
    publish_labels(store)
    first, file = publish(store, Kind.COVER_GENERATOR, 1, {}), tmp_path / "sheet.jpg"
    assert str(file) in write(store, file)
    assert version_of(file) == first
    with Image.open(file) as sheet:
        assert sheet.width > 3 * 200
    monkeypatch.setattr(generated_covers, "open_tools", lambda _: tools_without_generator())
    assert str(file) in write(store, file), "it is of the generator that serves"
    publish(store, Kind.COVER_GENERATOR, 2, {})
    assert "no contact sheet of generated covers" in write(store, file)
    off = store.settings.model_copy(update={"generation": False})
    write_generated_covers(off, tmp_path / "off.jpg", Console(file=io.StringIO()))
    assert not (tmp_path / "off.jpg").exists()


def test_near_copies_are_left_out(store, tmp_path, monkeypatch):
    publish_labels(store)
    version, file = publish(store, Kind.COVER_GENERATOR, 1, {}), tmp_path / "sheet.jpg"
    monkeypatch.setattr(generated_covers, "open_tools", lambda _: copying_tools())
    write(store, file)
    assert version_of(file) == version
    with Image.open(file) as sheet:
        assert sheet.height < 200
