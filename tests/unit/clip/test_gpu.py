"""Training on a GPU, where there is one: what a CPU gives, in parts, after a stop, and in bf16."""

from typing import get_args

import numpy as np
import pytest
import torch

from dustjacket.clip.model import random_model
from dustjacket.clip.train import fit
from dustjacket.pipeline.parameters import Recipe
from tests.unit.clip.test_train import (
    MODEL,
    Kept,
    StoppedError,
    assert_close,
    coloured_pairs,
    parameters,
    stop_at,
)

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def weights_after(given, device="cuda", pairs=16, **fitted):
    clip = random_model(MODEL, 13)
    clip.model.to(device)
    fit(clip, coloured_pairs(pairs), coloured_pairs(6, pairs), given, **fitted)
    return {name: one.cpu() for name, one in clip.model.state_dict().items()}


@pytest.mark.parametrize("recipe", get_args(Recipe))
def test_a_gpu_trains_to_the_weights_of_a_cpu(recipe):
    given = parameters(recipe=recipe)
    assert_close(weights_after(given), weights_after(given, "cpu"), atol=5e-4)


def test_a_batch_in_parts_trains_as_the_whole():
    found = weights_after(parameters(micro_batch=3))
    assert_close(found, weights_after(parameters()), atol=5e-4)


def test_a_training_that_was_stopped_ends_as_if_it_never_stopped():
    given, kept = parameters(epochs=3, checkpoint_steps=1), Kept()
    with pytest.raises(StoppedError):
        weights_after(given, checkpoints=kept, tell=stop_at(4))
    assert_close(weights_after(given, resume=kept[-1]), weights_after(given), atol=5e-4)


def test_a_model_learns_in_bf16():
    told = []
    given = parameters(epochs=12, batch_size=4, learning_rate=5e-4, precision="bf16")
    weights_after(given, pairs=32, tell=lambda metrics, _: told.append(metrics))
    losses = [metrics["train.loss"] for metrics in told if "train.loss" in metrics]
    assert np.mean(losses[-8:]) < 0.5 * np.mean(losses[:8])
