"""Starting weights: what they learn from, and a training that goes on where it stopped."""

import numpy as np
import pytest
import torch

from dustjacket.generation import pretrain
from dustjacket.generation.step import GeneratorParameters
from dustjacket.generation.weights import read_weights
from dustjacket.sample import DEFAULT_SEED, cover_books
from dustjacket.sample.grammar import is_held_out
from dustjacket.splits import book_group, split_of

PARAMETERS = GeneratorParameters(width=32, batch_size=4, reference_share=0, checkpoint_steps=1)


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(pretrain, "_VALIDATION", 2)
    monkeypatch.setattr(pretrain, "draw_covers", lambda count, _file: covers(count))
    monkeypatch.setattr(
        pretrain, "embed_titles", lambda covers, _file: conditions(len(covers["art"]))
    )


def covers(count):
    rng = np.random.default_rng(0)
    return {"art": rng.integers(0, 256, (count, 72, 48, 3), dtype=np.uint8)}


def conditions(count):
    return np.random.default_rng(1).standard_normal((1, count, 5)).astype(np.float32)


def test_no_cover_has_a_held_out_word_or_a_title_of_the_test_side():
    barred = pretrain.barred_titles()
    tested = {title for title, author in cover_books(300, DEFAULT_SEED)
              if split_of(book_group(title, author)) == "test"}  # fmt: skip
    assert tested
    assert {pretrain.normalise(title) for title in tested} <= barred
    for number in range(6):
        art, title, author, _ = pretrain.draw_row(number, barred)
        assert art.shape == (72, 48, 3)
        assert not is_held_out(title)
        assert pretrain.normalise(title) not in barred
        assert split_of(book_group(title, author or None)) != "test"


def test_a_barred_title_gives_another_cover():
    _, title, *_ = pretrain.draw_row(0, frozenset())
    assert pretrain.draw_row(0, frozenset({pretrain.normalise(title)}))[1] != title


def test_more_covers_are_drawn_after_those_that_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(pretrain, "barred_titles", frozenset)
    file = tmp_path / "covers.npz"
    few, more = pretrain.draw_covers(2, file), pretrain.draw_covers(3, file)
    assert list(more["title"][:2]) == list(few["title"])
    assert np.array_equal(more["art"][:2], few["art"])
    assert list(pretrain.draw_covers(2, file)["title"]) == list(few["title"])


@pytest.mark.usefixtures("few")
def test_a_training_goes_on_to_the_same_weights(tmp_path, monkeypatch):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    pretrain.pretrain(whole, 8, 3, whole / "weights.safetensors", PARAMETERS)
    write, written = pretrain.FileCheckpoints.write, []

    def write_two(self, checkpoint, *, last=False):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(checkpoint.state.step)
        write(self, checkpoint, last=last)

    with monkeypatch.context() as patch:
        patch.setattr(pretrain.FileCheckpoints, "write", write_two)
        with pytest.raises(KeyboardInterrupt):
            pretrain.pretrain(parts, 8, 3, parts / "weights", PARAMETERS)
    assert written == [0, 1]
    pretrain.pretrain(parts, 8, 3, parts / "weights", PARAMETERS)
    one, other = read_weights(whole / "weights.safetensors"), read_weights(parts / "weights")
    assert one.images == other.images == 12
    assert all(torch.equal(tensor, other.tensors[name]) for name, tensor in one.tensors.items())
