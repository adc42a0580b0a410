"""A training of the decoder that SIGKILL ends goes on to the weights that it would have had."""

import os
import signal
from pathlib import Path

import pytest
import torch
import torch.multiprocessing as mp

from dustjacket.generation.pretrain import FileCheckpoints
from dustjacket.generation.train import GeneratorState, fit
from tests.integration.clip.test_train import assert_close
from tests.integration.generation.test_train import TRAINING, VALIDATION, decoder, parameters

STEPS = 5


def train(folder, log=lambda _metrics, _step: None):
    """Train from the checkpoint in a folder, if there is one; return the weights."""
    torch.set_num_threads(1)
    model = decoder()
    kept = FileCheckpoints(folder / "checkpoint", model.shape, 4, folder / "weights")
    fit(
        model, TRAINING, VALIDATION, parameters(), log_metrics=log, checkpoints=kept,
        resume=kept.read(STEPS), state=GeneratorState(steps=STEPS),
    )  # fmt: skip
    return model.state_dict()


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def _die_after_a_step(_rank, folder):
    train(folder, log=lambda _metrics, step: step == 3 and kill())


def _die_in_a_write(_rank, folder):
    replace, written = Path.replace, []

    def die_at_the_third(file, target):
        if target.name == "checkpoint":
            written.append(target)
            if len(written) == 3:
                kill()
        return replace(file, target)

    Path.replace = die_at_the_third
    train(folder)


@pytest.mark.parametrize("dies", [_die_after_a_step, _die_in_a_write])
def test_a_killed_training_ends_with_equal_weights(tmp_path, dies):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    killed.mkdir()
    whole.mkdir()
    with pytest.raises(mp.ProcessExitedException) as caught:
        mp.spawn(dies, args=(killed,))
    assert caught.value.signal_name == "SIGKILL"
    model = decoder()
    kept = FileCheckpoints(killed / "checkpoint", model.shape, 4, killed / "weights").read(STEPS)
    assert 0 < kept.state.step < STEPS
    assert_close(train(killed), train(whole), atol=0, rtol=0)
