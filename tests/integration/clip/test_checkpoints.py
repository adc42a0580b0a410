"""Checkpoints in a real object store: published whole, the newest kept, broken ones skipped."""

import threading
import time

import pytest
import torch

from dustjacket.clip.checkpoints import Checkpoint, Checkpoints, TrainingState
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.manifest import MANIFEST

pytestmark = pytest.mark.integration


def checkpoint(step):
    tensors = {"a.b/c": torch.full((2, 3), float(step))}
    return Checkpoint(
        TrainingState(step=step, best_recall=0.5, run_id="run", pairs="keys"), tensors,
        {"first/a.b/c": torch.ones(2, 3), "second/a.b/c": torch.zeros(2, 3)},
        {"a.b/c": torch.ones(2, 3)},
    )  # fmt: skip


@pytest.fixture
def kept(store, request):
    checkpoints = Checkpoints(store, request.node.name.replace("_", "-"), keep=2)
    yield checkpoints
    checkpoints.discard()
    assert checkpoints.versions() == []


def write(checkpoints, *steps):
    for step in steps:
        checkpoints.write(checkpoint(step))
        checkpoints._writing.result()


def test_the_newest_is_read_back_and_the_oldest_are_gone(store, kept):
    write(kept, 1, 2, 3)
    assert [version[-1] for version in kept.versions()] == ["2", "3"]
    newest = kept.read(kept.newest())
    assert newest.state == checkpoint(3).state
    for part in ("weights", "moments", "best"):
        read, written = getattr(newest, part), getattr(checkpoint(3), part)
        assert read.keys() == written.keys()
        assert all(torch.equal(read[name], written[name]) for name in written)
    keys = [key for key, _ in store.keys(f"{Kind.CLIP_CHECKPOINT}/")]
    assert not [key for key in keys if "000000001/" in key]


def test_a_large_one_is_kept(kept):
    large = checkpoint(1)
    large.weights["large"] = torch.arange(40 << 20, dtype=torch.float32)
    kept.write(large)
    kept.close()
    assert torch.equal(kept.read(kept.newest()).weights["large"], large.weights["large"])


def test_a_corrupt_one_is_skipped(store, kept, caplog):
    write(kept, 1, 2)
    newest = store.manifest(Kind.CLIP_CHECKPOINT, kept.versions()[-1])
    store.client.put_object(
        Bucket=store.bucket, Key=newest.prefix + "tensors.safetensors", Body=b"changed"
    )
    assert kept.newest() == kept.versions()[0]
    assert "trying the previous checkpoint" in caplog.text


def test_an_incomplete_one_does_not_exist(store, kept):
    write(kept, 1, 2)
    version = kept.versions()[-1]
    store.client.delete_object(
        Bucket=store.bucket, Key=f"{Kind.CLIP_CHECKPOINT}/{version}/{MANIFEST}"
    )
    assert kept.newest() == kept.versions()[0]
    kept.discard()
    for key, _ in list(store.keys(f"{Kind.CLIP_CHECKPOINT}/{version}/")):
        store.client.delete_object(Bucket=store.bucket, Key=key)


def test_those_after_the_resumed_one_are_deleted(kept):
    write(kept, 1, 2)
    first, _ = kept.versions()
    kept.discard_after(first)
    assert kept.versions() == [first]
    kept.discard_after(None)
    assert kept.versions() == []


def test_the_last_is_kept_even_while_one_is_being_written(kept, monkeypatch):
    put = kept._put
    monkeypatch.setattr(kept, "_put", lambda *args: (time.sleep(0.5), put(*args)))
    kept.write(checkpoint(1))
    kept.write(checkpoint(2), last=True)
    kept.close()
    assert kept.state(kept.versions()[-1]).step == 2


def test_training_does_not_wait_for_a_write(kept, monkeypatch, caplog):
    may_write = threading.Event()
    put = kept._put
    monkeypatch.setattr(kept, "_put", lambda *args: (may_write.wait(30), put(*args)))
    kept.write(checkpoint(1))
    kept.write(checkpoint(2))
    assert "checkpoint of step 2 skipped" in caplog.text
    may_write.set()
    kept.close()
    assert [version[-1] for version in kept.versions()] == ["1"]
