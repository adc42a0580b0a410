"""Training of the decoder: it learns, repeats, resumes, and any number of processes is alike."""

import pytest
import torch
import torch.multiprocessing as mp
from safetensors.torch import load_file, save_file

from dustjacket.clip.checkpoints import copy_weights
from dustjacket.clip.process_group import ProcessGroup
from dustjacket.errors import CorruptVersionError, DustjacketError
from dustjacket.generation import train
from dustjacket.generation.batches import draw_batch
from dustjacket.generation.network import Decoder, DecoderShape
from dustjacket.generation.optimizer import MuonAdamW
from dustjacket.generation.process import generator_checkpoints
from dustjacket.generation.step import GeneratorParameters
from dustjacket.generation.train import GeneratorState, fit
from tests.integration.clip.test_train import Kept, StoppedError, assert_close, stop_at
from tests.support.art import coloured_art
from tests.support.bucket import store_in_memory

TRAINING, VALIDATION = coloured_art(24), coloured_art(8, seed=1)


def parameters(**given):
    plain = {"width": 32, "batch_size": 4, "reference_share": 0.5, "checkpoint_steps": 1}
    return GeneratorParameters.model_validate(plain | given)


def decoder():
    torch.manual_seed(13)
    return Decoder(DecoderShape(condition=3, width=32))


def trained(steps=4, given=None, **options):
    model = decoder()
    state = GeneratorState(steps=steps)
    result = fit(model, TRAINING, VALIDATION, given or parameters(), state=state, **options)
    return model, result


def distance(weights, others):
    """Return the distance of two trainings' weights, as a share of what training changed.

    AdamW's first steps are as large for a gradient that is all rounding as for any other.
    """
    start = decoder().state_dict()
    moved = {name: others[name] - tensor for name, tensor in start.items()}
    apart = {name: others[name] - weights[name] for name in start}
    return float(
        torch.cat([each.flatten() for each in apart.values()]).norm()
        / torch.cat([each.flatten() for each in moved.values()]).norm()
    )


@pytest.fixture(scope="module")
def whole():
    return trained()[0].state_dict()


def test_a_batch_depends_on_seed_and_step_alone():
    first, again, later = (draw_batch(TRAINING, TRAINING.art, parameters(), n) for n in (3, 3, 4))
    assert all(torch.equal(first_, vars(again)[name]) for name, first_ in vars(first).items())
    assert not torch.equal(first.noise, later.noise)


def test_the_colour_that_is_the_condition_is_learnt():
    given = parameters(batch_size=16, learning_rate=3e-3, reference_share=0.0)
    _, result = trained(40, given)
    assert result.steps == 40
    assert result.validation_loss < 0.985 * result.unconditional_loss
    assert result.validation_loss < 0.9 * result.starting_loss


def test_training_is_repeatable(whole):
    assert_close(trained()[0].state_dict(), whole, atol=0, rtol=0)


@pytest.mark.parametrize("stop", [1, 3])
def test_a_training_resumed_ends_as_if_it_never_stopped(stop, whole):
    kept = Kept()
    with pytest.raises(StoppedError):
        trained(checkpoints=kept, log_metrics=stop_at(stop + 1))
    assert [checkpoint.state.step for checkpoint in kept] == list(range(stop + 1))
    stored = generator_checkpoints(store_in_memory(), "digest")
    stored.write(kept[-1])
    stored.close()
    model, result = trained(steps=999, checkpoints=kept, resume=stored.read(stored.newest()))
    assert result.steps == 4, "the checkpoint has the number of steps"
    assert_close(model.state_dict(), whole, atol=0, rtol=0)


def test_a_checkpoint_of_another_training_is_refused():
    kept = Kept()
    trained(checkpoints=kept)
    model = Decoder(DecoderShape(condition=3, width=64))
    with pytest.raises(CorruptVersionError, match="another model"):
        fit(model, TRAINING, VALIDATION, parameters(), resume=kept[-1])


def test_the_steps_fit_the_budget_and_measuring_them_changes_nothing():
    kept = Kept()
    model = decoder()
    result = fit(model, TRAINING, VALIDATION, parameters(budget_minutes=0.02), checkpoints=kept)
    steps = kept[0].state.steps
    assert result.steps == steps >= 1
    again = decoder()
    fit(again, TRAINING, VALIDATION, parameters(), state=GeneratorState(steps=steps))
    assert_close(again.state_dict(), model.state_dict(), atol=0, rtol=0)


def test_a_fast_machine_measures_many_steps_and_no_rate_leaves_the_schedule(monkeypatch):
    rates = []

    def set_rate(self, rate):
        rates.append(rate)
        plain(self, rate)

    plain = MuonAdamW.set_rate
    monkeypatch.setattr(MuonAdamW, "set_rate", set_rate)
    monkeypatch.setattr(train, "_TIMED_SHARE", 100)
    fit(decoder(), TRAINING, VALIDATION, parameters(budget_minutes=0.02))
    measured = train._WARM_STEPS + train._MAX_TIMED_STEPS
    assert len(rates) >= measured
    assert min(rates[:measured]) > 0
    assert max(rates) <= parameters().learning_rate


def test_a_batch_in_parts_trains_as_the_whole(whole):
    assert distance(trained(given=parameters(micro_batch=3))[0].state_dict(), whole) < 0.05


def test_a_loss_that_is_not_a_number_ends_the_training_with_the_cure():
    model = decoder()
    with torch.no_grad():
        model.null.fill_(float("nan"))
    with pytest.raises(DustjacketError, match="at step 1: lower learning_rate"):
        fit(model, TRAINING, VALIDATION, parameters(null_share=1.0), state=GeneratorState(steps=2))


def _train_two(rank, folder):
    import torch.distributed as dist

    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    model, _ = trained(group=ProcessGroup(rank, 2))
    if rank == 0:
        save_file(copy_weights(dict(model.named_parameters())), f"{folder}/trained.safetensors")
    dist.destroy_process_group()


def test_two_processes_train_as_one(tmp_path, monkeypatch, whole):
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    mp.spawn(_train_two, args=(str(tmp_path),), nprocs=2)
    assert distance(load_file(tmp_path / "trained.safetensors"), whole) < 0.05


def test_bf16_trains_to_finite_weights():
    model, _ = trained(given=parameters(precision="bf16"))
    assert all(torch.isfinite(weight).all() for weight in model.parameters())
