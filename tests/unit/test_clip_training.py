"""Training: the same batches for any number of processes, and the same gradients."""

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torch.multiprocessing as mp
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.clip.data import Pairs, batches
from dustjacket.clip.model import build, load, save
from dustjacket.clip.train import fit
from dustjacket.errors import BadInputError
from dustjacket.parameters import ClipParameters

SIZE = 64


@given(
    count=st.integers(8, 200),
    per_process=st.integers(1, 4),
    world=st.integers(1, 4),
    epoch=st.integers(1, 5),
)
def test_all_processes_together_see_the_global_batches(count, per_process, world, epoch):
    size = per_process * world
    if size > count:
        return
    whole = list(batches(count, size, 13, epoch))
    parts = [list(batches(count, size, 13, epoch, rank=r, world=world)) for r in range(world)]
    assert [rows.tolist() for rows in whole] == [
        np.concatenate(step).tolist() for step in zip(*parts, strict=True)
    ]
    seen = np.concatenate(whole)
    assert len(set(seen.tolist())) == len(seen) == count // size * size


def coloured_pairs(count):
    """Return covers of one colour each, whose titles name the colour."""
    colours = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255,) * 3}
    names = [list(colours)[at % len(colours)] for at in range(count)]
    pixels = torch.tensor([colours[name] for name in names], dtype=torch.uint8)
    images = pixels.view(-1, 3, 1, 1).expand(-1, 3, SIZE, SIZE)
    books = pd.DataFrame(
        {
            "key": [str(at) for at in range(count)],
            "title": [f"The {name} book" for name in names],
            "author": None,
            "genre": "Art",
        }
    )
    return Pairs(books, images.contiguous())


PARAMETERS = ClipParameters(epochs=2, batch_size=8, processes=1)


def trained_alone(parameters=PARAMETERS):
    clip = build(parameters.model, parameters.seed)
    fit(clip, coloured_pairs(16), coloured_pairs(0), parameters)
    return clip.model.state_dict()


def _rank(rank, world, folder):
    torch.set_num_threads(1)
    import torch.distributed as dist

    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=world
    )
    clip = build(PARAMETERS.model, PARAMETERS.seed)
    fit(clip, coloured_pairs(16), coloured_pairs(0), PARAMETERS, rank=rank, world=world)
    if rank == 0:
        save(clip, Path(folder) / "model")
    dist.destroy_process_group()


@pytest.mark.skipif(sys.platform != "linux", reason="names Linux's loopback interface")
def test_two_processes_train_as_one(tmp_path, monkeypatch):
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")
    monkeypatch.setitem(os.environ, "OMP_NUM_THREADS", "1")
    mp.spawn(_rank, args=(2, str(tmp_path)), nprocs=2)
    together = load(tmp_path / "model").model.state_dict()
    for name, alone in trained_alone().items():
        torch.testing.assert_close(together[name], alone, atol=2e-4, rtol=1e-3, msg=name)


def test_training_is_repeatable():
    first, second = trained_alone(), trained_alone()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_model_learns_to_tell_colours_apart():
    parameters = ClipParameters(epochs=12, batch_size=4, learning_rate=5e-4)
    clip = build(parameters.model, parameters.seed)
    told = []
    fit(clip, coloured_pairs(32), coloured_pairs(4), parameters, tell=lambda m, _: told.append(m))
    losses = [metrics["train.loss"] for metrics in told if "train.loss" in metrics]
    assert np.mean(losses[-8:]) < 0.5 * np.mean(losses[:8])


def test_a_model_is_saved_and_loaded_whole(tmp_path):
    clip = build("dustjacket-small", 13)
    save(clip, tmp_path)
    loaded = load(tmp_path)
    assert {file.suffix for file in tmp_path.iterdir()} == {".json", ".safetensors"}
    for name, tensor in clip.model.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[name], tensor)
    assert torch.equal(loaded.tokenizer(["Emma"]), clip.tokenizer(["Emma"]))


def test_a_model_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(BadInputError, match=r"'nope'.*dustjacket-small"):
        build("nope", 13)
