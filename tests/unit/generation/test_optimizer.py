"""The decoder's optimizer: which weights it moves how, and what a checkpoint needs of it."""

import pytest
import torch
from torch import nn

from dustjacket.clip.checkpoints import Checkpoint, TrainingState, copy_weights, restore, snapshot
from dustjacket.errors import CorruptVersionError
from dustjacket.generation.optimizer import MuonAdamW

RATE = 0.01


def network():
    torch.manual_seed(0)
    parts = {"unet.conv_in": nn.Conv2d(3, 8, 3), "middle": nn.Conv2d(8, 8, 3)}
    net = nn.Sequential(*parts.values(), nn.Flatten(), nn.Linear(8, 4))
    net = net.to(memory_format=torch.channels_last)
    named = dict(zip((*parts, "last"), (net[0], net[1], net[3]), strict=True))
    return net, {
        f"{name}.{kind}": weight
        for name, layer in named.items()
        for kind, weight in layer.named_parameters()
    }


def moved(net, optimizer, steps=1):
    for step in range(steps):
        optimizer.zero_grad()
        torch.manual_seed(step)
        net(torch.randn(2, 3, 5, 5)).square().sum().backward()
        optimizer.step()


def spread(matrix):
    sizes = torch.linalg.svdvals(matrix.flatten(1))
    return sizes.max() / sizes.min()


def test_all_weights_move_and_hidden_matrices_in_all_directions_alike():
    net, weights = network()
    before = copy_weights(weights)
    moved(net, MuonAdamW(weights, RATE, 0.0))
    steps = {name: weight.detach() - before[name] for name, weight in weights.items()}
    assert all(step.abs().max() > RATE / 100 for step in steps.values())
    assert spread(steps["middle.weight"]) < spread(weights["middle.weight"].grad) / 4
    assert torch.allclose(steps["unet.conv_in.weight"].abs(), torch.tensor(RATE), rtol=0.01)


def test_no_rate_is_no_step():
    net, weights = network()
    optimizer, before = MuonAdamW(weights, RATE, 0.0), copy_weights(weights)
    optimizer.set_rate(0.0)
    moved(net, optimizer)
    assert all(torch.equal(weight, before[name]) for name, weight in weights.items())


def kept(weights, optimizer):
    checkpoint = snapshot(TrainingState(step=1), weights, optimizer.adamw, {})
    checkpoint.moments.update(optimizer.momentum())
    return checkpoint


def test_a_restored_optimizer_goes_on_alike():
    net, weights = network()
    optimizer = MuonAdamW(weights, RATE, 0.01)
    moved(net, optimizer)
    checkpoint = kept(weights, optimizer)
    moved(net, optimizer, steps=2)
    other_net, others = network()
    other = MuonAdamW(others, RATE, 0.01)
    other.restore_momentum(checkpoint.moments)
    restore(checkpoint, others, other.adamw)
    moved(other_net, other, steps=2)
    assert all(torch.equal(weight, others[name]) for name, weight in weights.items())


def test_a_checkpoint_of_another_optimizer_is_refused():
    _, weights = network()
    of_adamw = Checkpoint(TrainingState(step=1), {}, {"first/middle.weight": torch.zeros(1)})
    with pytest.raises(CorruptVersionError, match="another optimizer"):
        MuonAdamW(weights, RATE, 0.0).restore_momentum(of_adamw.moments)


def test_weights_that_would_be_copied_are_refused():
    net, _ = network()
    net = net.to(memory_format=torch.contiguous_format)
    with pytest.raises(ValueError, match="channels_last"):
        MuonAdamW({"middle.weight": net[1].weight}, RATE, 0.0)
