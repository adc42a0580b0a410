"""Checkpoints of an earlier release resume; one of an unknown format is refused with the cure."""

import json

import pytest
import torch

from dustjacket.clip.checkpoints import FORMAT, Checkpoint, Checkpoints, TrainingState
from dustjacket.errors import CorruptVersionError
from tests.conftest import ROOT
from tests.support.bucket import store_in_memory

GOLDEN = ROOT / "tests/golden/release-1/checkpoint"
DIGEST, VERSION = "0123456789ab", "0123456789ab-000000007"


@pytest.fixture
def store():
    """A store with the golden checkpoint, as the earlier release published it."""
    store = store_in_memory()
    attempt = json.loads((GOLDEN / "manifest.json").read_text())["attempt"]
    folder = f"clip_checkpoint/{VERSION}"
    store.client.objects[f"{folder}/manifest.json"] = (GOLDEN / "manifest.json").read_bytes()
    for name in ("state.json", "tensors.safetensors"):
        store.client.objects[f"{folder}/{attempt}/{name}"] = (GOLDEN / name).read_bytes()
    return store


def test_a_checkpoint_of_an_earlier_release_is_resumed(store):
    checkpoints = Checkpoints(store, DIGEST)
    assert checkpoints.newest() == VERSION
    checkpoint = checkpoints.read(VERSION)
    assert (checkpoint.state.step, checkpoint.state.best_epoch) == (7, 2)
    assert checkpoint.state.run_id == "run"
    assert checkpoint.state.best_mrr < 0, "it was not recorded: any later one is better"
    assert checkpoint.weights["proj"].tolist() == [1, 2]
    assert checkpoint.best["proj"].tolist() == [5, 6]
    assert set(checkpoint.moments) == {"first/proj", "second/proj"}


def written():
    """Return a store with a new checkpoint, and the state in it."""
    store = store_in_memory()
    checkpoints = Checkpoints(store, DIGEST)
    checkpoints.write(Checkpoint(TrainingState(step=7), {"proj": torch.ones(1)}, {}))
    checkpoints.close()
    key = next(key for key in store.client.objects if key.endswith("state.json"))
    return store, json.loads(store.client.objects[key])


def test_a_checkpoint_is_written_with_its_format():
    store, state = written()
    assert state["format"] == FORMAT
    assert Checkpoints(store, DIGEST).state(VERSION) == TrainingState(step=7)


def test_a_checkpoint_of_an_unknown_format_is_refused_in_one_line(monkeypatch):
    monkeypatch.setattr("dustjacket.clip.checkpoints.FORMAT", FORMAT + 1)
    store, _ = written()
    monkeypatch.undo()
    with pytest.raises(
        CorruptVersionError, match=rf"has format {FORMAT + 1}, .*: install"
    ) as caught:
        Checkpoints(store, DIGEST).state(VERSION)
    assert "\n" not in str(caught.value)
    assert Checkpoints(store, DIGEST).newest() is None
