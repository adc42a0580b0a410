"""Training on a GPU, if there is one: like a CPU, in parts, after a stop, and in bf16."""

from typing import get_args

import numpy as np
import pytest
import torch

from dustjacket.clip.model import random_model
from dustjacket.clip.step import Recipe
from dustjacket.clip.train import fit
from tests.integration.clip.test_train import (
    MODEL,
    Kept,
    StoppedError,
    assert_close,
    coloured_pairs,
    parameters,
    stop_at,
)

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def weights_after(of_training, device="cuda", pairs=16, **options):
    clip = random_model(MODEL, 13)
    clip.model.to(device)
    fit(clip, coloured_pairs(pairs), coloured_pairs(6, pairs), of_training, **options)
    return {name: tensor.cpu() for name, tensor in clip.model.state_dict().items()}


@pytest.mark.parametrize("recipe", get_args(Recipe))
def test_a_gpu_trains_to_the_weights_of_a_cpu(recipe):
    of_recipe = parameters(recipe=recipe)
    assert_close(weights_after(of_recipe), weights_after(of_recipe, "cpu"), atol=5e-4)


def test_a_batch_in_parts_trains_as_the_whole():
    in_parts = weights_after(parameters(micro_batch=3))
    assert_close(in_parts, weights_after(parameters()), atol=5e-4)


def test_a_training_that_was_stopped_ends_as_if_it_never_stopped():
    of_training, kept = parameters(epochs=3, checkpoint_steps=1), Kept()
    with pytest.raises(StoppedError):
        weights_after(of_training, checkpoints=kept, log_metrics=stop_at(4))
    resumed = weights_after(of_training, resume=kept[-1])
    assert_close(resumed, weights_after(of_training), atol=5e-4)


def test_a_model_learns_in_bf16():
    logged = []
    in_bf16 = parameters(epochs=12, batch_size=4, learning_rate=5e-4, precision="bf16")
    weights_after(in_bf16, pairs=32, log_metrics=lambda metrics, _: logged.append(metrics))
    losses = [metrics["train.loss"] for metrics in logged if "train.loss" in metrics]
    assert np.mean(losses[-8:]) < 0.5 * np.mean(losses[:8])
