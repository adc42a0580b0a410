"""What concepts are made with: the newest published versions, or one line about what is wrong."""

import json
import os
import pickle
from datetime import UTC, datetime

import numpy as np
import pytest
from safetensors.numpy import save

from dustjacket.errors import BadInputError, CorruptVersionError, NotReadyError
from dustjacket.generation import habits, near_copies, read
from dustjacket.generation.published_tools import genre_predictor, open_tools, published_tools
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.manifest import version_name
from dustjacket.typesetting.habits import measure_habits
from dustjacket.upkeep.erasure import republish
from tests.support.bucket import store_in_memory
from tests.support.generators import DrawnGenerator, near_copies_of_covers

IMPLEMENTATIONS = read.IMPLEMENTATIONS
CONFIG = json.dumps({"format": 2, "shape": {"condition": 8, "width": 32}}).encode()
EARLIER = json.dumps({"format": 1, "shape": {"condition": 8, "width": 32}}).encode()
NEAR_COPIES = near_copies_of_covers().to_bytes()


def load(folder, version):
    """Read a generator as its implementation does, from a file that names its colours."""
    text = (folder / "generator.txt").read_text()
    if text != "good":
        raise CorruptVersionError(f"{version} is no generator ({text}): train it again")
    generator = DrawnGenerator()
    generator.version = version
    return generator


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("DUSTJACKET_HOME", str(tmp_path))
    monkeypatch.setattr(read, "IMPLEMENTATIONS", {"test": f"{__name__}:load"})
    return store_in_memory()


def publish(store, day, generator=b"good", implementation="test", record=1, **files):
    name = version_name(datetime(2026, 1, day, tzinfo=UTC), "0" * 12)
    draft = store.draft(Kind.COVER_GENERATOR, name)
    for path, body in {"generator.txt": generator, near_copies.FILE: NEAR_COPIES, **files}.items():
        if body is not None:
            draft.put(path, body)
    draft.publish(
        facts={
            "implementation": implementation,
            "conditioner": "cover_clip/1",
            "ledger_record": record,
        }
    )
    return f"cover_generator/{name}"


def test_the_newest_generator_draws(store):
    tools = published_tools(store)
    with pytest.raises(NotReadyError, match="dustjacket run"):
        tools.artist()
    first = publish(store, 1)
    artist = tools.artist()
    assert (artist.generator.version, artist.conditioner) == (first, "cover_clip/1")
    assert tools.artist() is artist, "it is read once"
    assert not artist.untested
    assert tools.gallery() is None
    second = publish(store, 2)
    assert tools.artist().generator.version == second


def test_a_generator_that_no_gate_has_passed_is_untested(store):
    publish(store, 1, record=None)
    assert published_tools(store).artist().untested


@pytest.mark.parametrize(
    "broken",
    [{"generator": b"truncated"}, {"implementation": "elsewhere"}, {near_copies.FILE: None},
     {near_copies.FILE: b"no safetensors"}, {near_copies.FILE: NEAR_COPIES[:1000]},
     {near_copies.FILE: save({})}],
)  # fmt: skip
def test_a_generator_that_cannot_be_read_is_one_line(store, broken):
    publish(store, 1, **broken)
    with pytest.raises(CorruptVersionError) as caught:
        published_tools(store).artist()
    assert "\n" not in str(caught.value)
    assert "cover_generator/" in str(caught.value)


@pytest.mark.parametrize(
    ("config", "weights"),
    [(None, None), (b"{", b""), (EARLIER, save({})), (CONFIG, None), (CONFIG, b"no safetensors"),
     (CONFIG, pickle.dumps({"weights": 1})), (CONFIG, save({})),
     (CONFIG, save({"w": np.ones(9, np.float32)})[:40])],
)  # fmt: skip
def test_weights_that_are_missing_or_no_safetensors_are_one_line(
    store, monkeypatch, config, weights
):
    monkeypatch.setattr(read, "IMPLEMENTATIONS", IMPLEMENTATIONS)
    files = {"generator/generator.json": config, "generator/decoder.safetensors": weights}
    publish(store, 1, implementation="scratch", **files)
    with pytest.raises(CorruptVersionError, match=r"cover_generator/.*train it again") as caught:
        published_tools(store).artist()
    assert "\n" not in str(caught.value)


def test_habits_are_those_of_the_generator_in_use(store):
    tools = published_tools(store)
    assert tools.habits() == {}
    publish(store, 1)
    assert tools.habits() == {}, "an earlier release measured none"
    high = measure_habits([[(0.1, 0.05, 0.9, 0.2)]])
    publish(store, 2, **{habits.FILE: habits.to_bytes({"": high})})
    assert tools.habits() == {"": high}
    publish(store, 3, **{habits.FILE: b"{}]"})
    with pytest.raises(CorruptVersionError, match="habits of cover_generator/"):
        tools.habits()


def test_what_an_erasure_changes_is_read_again(store):
    high, low = (measure_habits([[(0.1, top, 0.9, 0.2)]]) for top in (0.05, 0.7))
    publish(store, 1, **{habits.FILE: habits.to_bytes({"": high})})
    tools = published_tools(store)
    artist, generator = tools.artist(), store.newest(Kind.COVER_GENERATOR)
    assert tools.habits() == {"": high}
    bodies = {habits.FILE: habits.to_bytes({"": low})}
    republish(store, generator, bodies, generator.facts, generator.rows)
    assert tools.habits() == {"": low}
    assert tools.artist() is not artist


def test_without_a_classifier_no_genre_is_predicted(store):
    assert genre_predictor(store)("Rice", "") == ""


def test_one_thread_draws_wherever_concepts_are_made(store, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    open_tools(store.settings)
    assert os.environ["OMP_NUM_THREADS"] == "1"


def test_a_house_style_that_cannot_be_read_is_named(store, tmp_path):
    settings = store.settings.model_copy(update={"house_style": tmp_path / "none.yaml"})
    with pytest.raises(BadInputError, match=r"none\.yaml"):
        open_tools(settings)
