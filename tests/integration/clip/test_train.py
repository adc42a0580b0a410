"""Training: the same result for any number of processes, any micro batch, and after any stop."""

import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torch.multiprocessing as mp
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from dustjacket.clip.data import Pairs, book_numbers, draw_epoch, global_batch_size
from dustjacket.clip.gradients import backward
from dustjacket.clip.loss import contrastive_loss
from dustjacket.clip.model import random_model
from dustjacket.clip.process_group import ProcessGroup
from dustjacket.clip.recipes import apply_recipe, merge_lora, trainable_weights
from dustjacket.clip.step import ClipParameters
from dustjacket.clip.towers import Towers, shift_images
from dustjacket.clip.train import MAX_LOGIT_SCALE, DivergedError, fit, schedule
from dustjacket.errors import BadInputError

pytestmark = pytest.mark.integration
SIZE = 64
MODEL = "dustjacket-small"
ONE = ProcessGroup()


def coloured_pairs(count, start=0):
    """Return covers of one colour each, whose titles name the colour."""
    colours = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255,) * 3}
    names = [list(colours)[row % len(colours)] for row in range(start, start + count)]
    pixels = torch.tensor([colours[name] for name in names], dtype=torch.uint8)
    images = pixels.view(-1, 3, 1, 1).expand(-1, 3, SIZE, SIZE)
    books = pd.DataFrame(
        {
            "key": [str(row) for row in range(start, start + count)],
            "title": [f"The {name} book {row // 4}" for row, name in enumerate(names, start)],
            "author": None,
            "genre": "Art",
            "probability": 0.8,
            "group": [str(row) for row in range(start, start + count)],
        }
    )
    return Pairs(books, images.contiguous())


def parameters(**overrides):
    values = {"epochs": 2, "batch_size": 8, "processes": 1, "recipe": "full", **overrides}
    return ClipParameters(model=MODEL, patience=0, **values)


def weights_after(of_training, pairs=16, **options):
    clip = random_model(MODEL, 13)
    fit(clip, coloured_pairs(pairs), coloured_pairs(0), of_training, **options)
    return clip.model.state_dict()


def assert_close(actual, expected, atol, rtol=1e-3):
    assert actual.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(actual[name], tensor, atol=atol, rtol=rtol, msg=name)


class Kept(list):
    """Checkpoints in memory."""

    def write(self, checkpoint, *, last=False):  # noqa: ARG002
        self.append(checkpoint)


class StoppedError(Exception):
    pass


def stop_at(step):
    def log_metrics(metrics, logged_step):
        if logged_step == step and "train.loss" in metrics:
            raise StoppedError

    return log_metrics


def _spawned(rank, world, folder):
    torch.set_num_threads(1)
    import torch.distributed as dist

    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=world
    )
    for work in (_gradients_of_two, _train_two, _resume_two):
        work(ProcessGroup(rank, world), folder)
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def of_two(tmp_path_factory):
    """Return the files of two processes over loopback, started once: importing PyTorch is slow."""
    folder = tmp_path_factory.mktemp("of_two")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLOO_SOCKET_IFNAME", "lo")
        patch.setenv("OMP_NUM_THREADS", "1")
        mp.spawn(_spawned, args=(2, str(folder)), nprocs=2)
    return folder


linux = pytest.mark.skipif(sys.platform != "linux", reason="names Linux's loopback interface")


@settings(deadline=None)
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
    draws = draw_epoch(coloured_pairs(count).books, 13, epoch, 4)
    whole = [draws.batch(number, size) for number in range(count // size)]
    for batch in whole:
        parts = torch.cat([ProcessGroup(rank, world).share(batch) for rank in range(world)])
        assert parts.tolist() == batch.tolist()
    seen = torch.cat(whole).tolist()
    assert len(set(seen)) == len(seen) == count // size * size


@settings(deadline=None)
@given(pairs=st.integers(2, 300), requested=st.integers(1, 40), processes=st.integers(2, 6))
def test_a_batch_is_as_large_for_any_number_of_processes(pairs, requested, processes):
    size = global_batch_size(2 * requested, pairs, 1)
    assert size <= min(2 * requested, pairs)
    assert size == 2 * requested or pairs - size < 12
    if size % processes:
        with pytest.raises(BadInputError, match=f"{processes} processes cannot share"):
            global_batch_size(2 * requested, pairs, processes)
    else:
        assert global_batch_size(2 * requested, pairs, processes) == size


def gradients(group=ONE, micro_batch=8, books=range(8)):
    """Return the gradients of one batch of eight pairs, of ``books``."""
    clip, pairs = random_model(MODEL, 13), coloured_pairs(8)
    apply_recipe(clip, "full")
    towers = Towers(clip, pairs.images, [list(pairs.books["title"])] * 4, group)
    draws = draw_epoch(pairs.books, 13, 1, 4)
    of_batch = torch.tensor(books)[draws.order]
    backward(towers, clip, group, draws.order, of_batch, draws, micro_batch)
    group.average_gradients(list(trainable_weights(clip).values()))
    return {
        name: weight.grad
        for name, weight in trainable_weights(clip).items()
        if weight.grad is not None
    }


SOME_TWICE = (0, 1, 0, 2, 1, 3, 4, 0)


def _gradients_of_two(group, folder):
    for name, how in {
        "all": {}, "parts": {"micro_batch": 3}, "twice": {"books": SOME_TWICE, "micro_batch": 1},
    }.items():  # fmt: skip
        averaged = gradients(group, **how)
        if group.rank == 0:
            save_file(averaged, f"{folder}/{name}.safetensors")


@linux
def test_two_processes_have_the_gradients_of_one_with_the_whole_batch(of_two):
    whole, twice = gradients(), gradients(books=SOME_TWICE)
    name = max(whole, key=lambda name: float(whole[name].abs().max()))
    assert float(whole[name].abs().max()) > 1e-2
    assert not torch.allclose(whole[name], twice[name], atol=1e-4), "they are no negatives"
    for name, expected in {"all": whole, "parts": whole, "twice": twice}.items():
        assert_close(load_file(of_two / f"{name}.safetensors"), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("micro_batch", [1, 3, 4])
def test_a_batch_in_parts_has_the_gradients_of_the_whole(micro_batch):
    assert_close(gradients(micro_batch=micro_batch), gradients(), atol=1e-5, rtol=0)


def test_covers_of_the_same_book_are_no_negatives_of_each_other():
    covers = torch.nn.functional.normalize(torch.randn(3, 4), dim=1)
    scale = torch.tensor(10.0)

    def loss(titles, books):
        return float(contrastive_loss(covers, titles, scale, torch.tensor(books), ONE))

    titles = covers[[0, 0, 2]]  # the second book's title is the first's
    assert loss(titles, [0, 0, 1]) < loss(titles, [0, 1, 2])
    alone = [float(contrastive_loss(covers[[0]], titles[[0]], scale, torch.tensor([0]), ONE))]
    assert alone == [0.0]


def test_spellings_and_look_alikes_of_a_book_are_no_negatives_of_each_other():
    hobbits = [
        "The Hobbit", "the hobbit", "The Hobbit!", "Thé Hobbit", "The Hobbit (Illustrated Edition)"
    ]  # fmt: skip
    titles = [*hobbits, "Emma", "Der kleine Hobbit"]
    groups = ["a", "b", "c", "d", "look-alike", "e", "look-alike"]
    numbers = book_numbers(pd.DataFrame({"title": titles, "group": groups})).tolist()
    assert len(set(numbers[:5])) == 1
    assert numbers[5] != numbers[0] == numbers[6], "of one group, though its title is another"
    others = pd.DataFrame({"title": ["C", "C++", "Emma"], "group": list("xyz")})
    assert len(set(book_numbers(others).tolist())) == 3
    assert book_numbers(others[:0]).tolist() == []


def _train_two(group, folder):
    clip = random_model(MODEL, 13)
    fit(clip, coloured_pairs(16), coloured_pairs(6, 16), parameters(), group=group)
    if group.rank == 0:
        save_file(clip.model.state_dict(), f"{folder}/trained.safetensors")


@linux
def test_two_processes_train_as_one(of_two):
    alone = random_model(MODEL, 13)
    fit(alone, coloured_pairs(16), coloured_pairs(6, 16), parameters())
    assert_close(load_file(of_two / "trained.safetensors"), alone.model.state_dict(), atol=2e-4)


def test_training_is_repeatable():
    first, second = weights_after(parameters()), weights_after(parameters())
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("recipe", ["full", "lora", "locked_image"])
def test_a_training_resumed_twice_ends_as_if_it_never_stopped(recipe):
    of_training = parameters(recipe=recipe, epochs=3, checkpoint_steps=1)

    def train(**options):
        clip = random_model(MODEL, 13)
        return fit(clip, coloured_pairs(24), coloured_pairs(0), of_training, **options), clip

    _, unbroken = train()
    kept = Kept()
    with pytest.raises(StoppedError):
        train(checkpoints=kept, log_metrics=stop_at(3))
    assert kept[-1].state.step == 2, "of an epoch of 3"
    with pytest.raises(StoppedError):
        train(checkpoints=kept, log_metrics=stop_at(6), resume=kept[-1])
    assert kept[-1].state.step == 5
    trained, resumed = train(checkpoints=kept, resume=kept[-1])
    assert trained.steps == trained.best_epoch * 3 == 9
    assert_close(resumed.model.state_dict(), unbroken.model.state_dict(), atol=1e-6, rtol=0)


@pytest.mark.parametrize("stop", [3, 4, 6])
def test_the_best_epoch_and_the_patience_survive_a_stop(stop, monkeypatch):
    reached = {0: 0.1, 2: 0.5}
    monkeypatch.setattr(
        "dustjacket.clip.train._Trainer._validation_score",
        lambda trainer: (reached.get(trainer.state.step, 0.3), 0.1),
    )
    of_training = parameters(epochs=9, checkpoint_steps=1).model_copy(update={"patience": 2})

    def train(**options):
        clip = random_model(MODEL, 13)
        return fit(clip, coloured_pairs(16), coloured_pairs(12), of_training, **options), clip

    trained, unbroken = train()
    assert (trained.steps, trained.best_epoch) == (6, 1)
    kept = Kept()
    with pytest.raises(StoppedError):
        train(checkpoints=kept, log_metrics=stop_at(stop))
    again, resumed = train(resume=kept[-1])
    assert (again.steps, again.best_epoch) == (6, 1)
    assert_close(resumed.model.state_dict(), unbroken.model.state_dict(), atol=1e-6, rtol=0)


@pytest.mark.parametrize("stop", [None, 1, 3])
def test_of_epochs_with_equal_recall_the_one_with_the_better_mrr_is_kept(stop, monkeypatch):
    reached = {0: (0.5, 0.9), 2: (0.9, 0.4), 4: (0.9, 0.6), 6: (0.9, 0.5)}
    monkeypatch.setattr(
        "dustjacket.clip.train._Trainer._validation_score",
        lambda trainer: reached[trainer.state.step],
    )
    of_training, kept = parameters(epochs=3, checkpoint_steps=1), Kept()

    def train(**options):
        clip = random_model(MODEL, 13)
        return fit(clip, coloured_pairs(16), coloured_pairs(12), of_training, **options)

    if stop:
        with pytest.raises(StoppedError):
            train(checkpoints=kept, log_metrics=stop_at(stop))
    trained = train(resume=kept[-1] if kept else None)
    assert (trained.best_epoch, trained.validation_recall_at_10) == (2, 0.9)


@pytest.mark.parametrize("recipe", ["full", "lora"])
def test_a_training_that_only_gets_worse_returns_the_starting_weights_and_says_so(
    recipe, capsys, monkeypatch
):
    monkeypatch.setattr(
        "dustjacket.clip.train._Trainer._validation_score",
        lambda trainer: (0.4 - trainer.state.step / 100, 0.9),
    )
    starting, clip = random_model(MODEL, 13).model.state_dict(), random_model(MODEL, 13)
    of_training = parameters(recipe=recipe, epochs=9, learning_rate=1.0)
    of_training = of_training.model_copy(update={"patience": 2})
    trained = fit(clip, coloured_pairs(24), coloured_pairs(12), of_training)
    assert (trained.best_epoch, trained.steps) == (0, 6)
    assert trained.validation_recall_at_10 == trained.starting_recall_at_10 == 0.4
    assert_close(clip.model.state_dict(), starting, atol=1e-6, rtol=0)
    assert "no epoch is better on validation covers than the starting" in capsys.readouterr().out


def _resume_two(group, folder):
    of_training, kept = parameters(checkpoint_steps=1), Kept()
    with pytest.raises(StoppedError):
        weights_after(of_training, checkpoints=kept, log_metrics=stop_at(4))
    assert kept[-1].state.step == 3, "in the middle of the second epoch"
    weights = weights_after(of_training, resume=kept[-1], group=group)
    if group.rank == 0:
        save_file(weights, f"{folder}/resumed.safetensors")


@linux
def test_another_number_of_processes_resumes_alike(of_two):
    resumed = load_file(of_two / "resumed.safetensors")
    assert_close(resumed, weights_after(parameters()), atol=1e-4, rtol=0)


def test_progress_has_loss_speed_and_time_left(capsys):
    weights_after(parameters())
    output = capsys.readouterr().out
    assert re.search(r"step 4 of 4: epoch 2: loss \d+\.\d+, \d+ pairs/s, 0 s left", output)


def test_a_model_learns_colours():
    logged = []
    of_training = parameters(epochs=12, batch_size=4, learning_rate=5e-4)
    weights_after(of_training, pairs=32, log_metrics=lambda metrics, _: logged.append(metrics))
    losses = [metrics["train.loss"] for metrics in logged if "train.loss" in metrics]
    assert np.mean(losses[-8:]) < 0.5 * np.mean(losses[:8])


def changed(recipe):
    """Return the names of the weights that training moves."""
    before, after = (
        random_model(MODEL, 13).model.state_dict(),
        weights_after(parameters(recipe=recipe)),
    )
    assert before.keys() == after.keys()
    return {name for name in before if not torch.equal(before[name], after[name])}


def test_a_recipe_trains_the_weights_it_names():
    scale, head = {"logit_scale"}, {"visual.head.proj.weight"}
    assert changed("locked") == head | scale
    assert changed("locked_image") > head | scale
    assert all(name.startswith("text.") for name in changed("locked_image") - head - scale)
    assert all(name.startswith("visual.") for name in changed("locked_text") - scale)
    assert {name.split(".")[0] for name in changed("full")} == {"visual", "text", "logit_scale"}
    assert any("mlp" in name for name in changed("lora"))


def test_lora_is_merged_into_the_weights_it_was_added_to():
    clip, images = random_model(MODEL, 13), coloured_pairs(4).images
    shapes = {name: weight.shape for name, weight in clip.model.state_dict().items()}
    apply_recipe(clip, "lora")
    trained = trainable_weights(clip)
    assert sum(weight.numel() for weight in trained.values()) < 0.25 * sum(
        weight.numel() for weight in clip.model.parameters()
    )
    with torch.no_grad():
        for weight in trained.values():
            weight.add_(0.02 * torch.randn(weight.shape, generator=torch.manual_seed(1)))
        apart = clip.model.encode_image(images.float() / 255)
        merge_lora(clip)
        merged = clip.model.encode_image(images.float() / 255)
    torch.testing.assert_close(merged, apart, atol=1e-5, rtol=1e-4)
    assert {name: weight.shape for name, weight in clip.model.state_dict().items()} == shapes


def test_mixing_with_the_starting_weights_never_does_worse_on_validation():
    clip, validation = random_model(MODEL, 13), coloured_pairs(12, 16)
    plain = fit(random_model(MODEL, 13), coloured_pairs(16), validation, parameters())
    mixed = fit(clip, coloured_pairs(16), validation, parameters(wise_ft=True))
    assert mixed.interpolation in (0.25, 0.5, 0.75, 1.0)
    assert mixed.validation_recall_at_10 >= plain.validation_recall_at_10


def test_training_stops_when_it_no_longer_improves():
    of_training = ClipParameters(
        model=MODEL, recipe="full", processes=1, batch_size=8, epochs=50, patience=2,
        learning_rate=1e-9,
    )  # fmt: skip
    trained = fit(random_model(MODEL, 13), coloured_pairs(8), coloured_pairs(12, 8), of_training)
    assert trained.best_epoch == 0
    assert trained.steps == 2


def test_a_loss_that_is_not_finite_stops_with_the_keys_of_the_batch():
    clip = random_model(MODEL, 13)
    with torch.no_grad():
        clip.model.logit_scale.fill_(torch.nan)
    with pytest.raises(DivergedError, match="step 1: lower learning_rate") as caught:
        fit(clip, coloured_pairs(8), coloured_pairs(0), parameters())
    assert sorted(caught.value.keys) == [str(row) for row in range(8)]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_after_far_too_large_steps_weights_are_finite_and_the_scale_is_clamped(precision):
    clip, of_training = random_model(MODEL, 13), parameters(learning_rate=1.0, precision=precision)
    with torch.no_grad():
        clip.model.logit_scale.fill_(2 * MAX_LOGIT_SCALE)
    fit(clip, coloured_pairs(8), coloured_pairs(0), of_training)
    for name, weight in clip.model.state_dict().items():
        assert torch.isfinite(weight).all(), name
    assert 0 <= float(clip.model.logit_scale.detach()) <= MAX_LOGIT_SCALE + 1e-6


def test_two_pairs_without_validation_are_trained_on_and_one_pair_is_refused():
    clip = random_model(MODEL, 13)
    assert fit(clip, coloured_pairs(2), coloured_pairs(0), parameters(epochs=1)).steps == 1
    with pytest.raises(BadInputError, match=r"1 training pairs.*ingest more covers") as caught:
        fit(clip, coloured_pairs(1), coloured_pairs(0), parameters(epochs=1))
    assert "\n" not in str(caught.value)


def test_a_cover_is_shifted_and_its_edges_repeated():
    image = torch.arange(16.0).view(1, 1, 4, 4).expand(1, 3, 4, 4)
    moved = shift_images(image, torch.tensor([[1, -1]]))[0, 0]
    assert moved[0].tolist() == [4, 4, 5, 6]
    assert moved[3].tolist() == [12, 12, 13, 14]


def test_the_learning_rate_rises_and_falls():
    rates = [schedule(step, 100, 0.1) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 0.01


def test_cutting_padding_tokens_does_not_change_embeddings():
    clip = random_model(MODEL, 13)
    titles = ["Emma!!!", "The Strange Case of Dr Jekyll and Mr Hyde"]
    whole, cut = clip.tokenizer(titles), clip.tokens(titles)
    assert cut.shape[1] < whole.shape[1]
    with torch.no_grad():
        torch.testing.assert_close(
            clip.model.encode_text(cut), clip.model.encode_text(whole), atol=1e-5, rtol=1e-4
        )


def test_model_files_hold_what_was_trained(tmp_path):
    from dustjacket.clip.model import load, save

    clip = random_model(MODEL, 13)
    save(clip, Path(tmp_path))
    loaded = load(tmp_path)
    assert {file.suffix for file in tmp_path.iterdir()} == {".json", ".safetensors"}
    for name, tensor in clip.model.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[name], tensor)
    assert torch.equal(loaded.tokenizer(["Emma"]), clip.tokenizer(["Emma"]))
