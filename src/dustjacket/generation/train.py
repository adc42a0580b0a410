"""The training loop of the decoder, for any number of processes.

All draws are functions of seed and step, so that a training that was stopped ends as if it never
had been. The number of steps follows from the budget: it is measured once, before the first step,
and every checkpoint carries it.
"""

import math
import time
from dataclasses import asdict, dataclass, replace
from typing import Protocol

import torch

from dustjacket.clip.checkpoints import (
    Checkpoint,
    TrainingState,
    copy_weights,
    restore,
    snapshot,
)
from dustjacket.clip.process_group import ProcessGroup
from dustjacket.clip.train import MAX_GRADIENT_NORM, MetricLogger
from dustjacket.errors import CorruptVersionError, DustjacketError
from dustjacket.generation.batches import ConditionedArt, draw_batch
from dustjacket.generation.network import (
    Decoder,
    denoising_loss,
    precision_context,
)
from dustjacket.generation.optimizer import MuonAdamW
from dustjacket.generation.step import GeneratorParameters

_WARM_STEPS, _TIMED_SHARE, _MAX_TIMED_STEPS = 2, 0.05, 30
_EMA_POWER = 12
"""The averaged weights are those of each step times this power of the step, so that a training has
good weights whenever it ends (Karras et al. 2024, "Analyzing and improving the training dynamics of
diffusion models", the power function EMA)."""
_COOLDOWN = 0.3
"""Share of the steps in which the learning rate falls."""
_PROGRESS_INTERVAL_S = 10.0
_VALIDATION_SEED = 29
_VALIDATION_BATCH = 64


class CheckpointWriter(Protocol):
    """Where checkpoints are kept."""

    def write(self, checkpoint: Checkpoint, *, last: bool = False) -> None:
        """Keep a checkpoint; ``last``: no more will follow."""


@dataclass
class GeneratorState(TrainingState):
    """Progress of a training.

    Attributes:
        steps: of the whole training; 0: not measured yet.
        checkpoint_steps: steps between checkpoints.
    """

    steps: int = 0
    checkpoint_steps: int = 0


@dataclass(frozen=True)
class TrainedDecoder:
    """Summary of a training; losses are those of the validation covers, None if there are none.

    Attributes:
        validation_loss, unconditional_loss: with condition and reference, and without.
    """

    covers: int
    steps: int
    images_per_second: float
    starting_loss: float | None
    validation_loss: float | None
    unconditional_loss: float | None


def fit(
    decoder: Decoder,
    training: ConditionedArt,
    validation: ConditionedArt,
    parameters: GeneratorParameters,
    *,
    group: ProcessGroup | None = None,
    device: torch.device | None = None,
    log_metrics: MetricLogger = lambda _metrics, _step: None,
    checkpoints: CheckpointWriter | None = None,
    resume: Checkpoint | None = None,
    state: GeneratorState | None = None,
) -> TrainedDecoder:
    """Train ``decoder`` in place; on return it has the averaged weights.

    Args:
        group: the processes that train together; None is this one alone.
        device: of the decoder; None is the CPU.
        log_metrics: called on rank 0.
        checkpoints: where rank 0 writes checkpoints, if anywhere.
        resume: checkpoint to continue from.
        state: initial state of a new training; with ``steps``, nothing is measured.

    Raises:
        CorruptVersionError: ``resume`` belongs to another model.
        DustjacketError: the loss is not finite.
    """
    trainer = _Trainer(
        decoder, training, validation, parameters, group or ProcessGroup(),
        device or torch.device("cpu"), log_metrics,
    )  # fmt: skip
    trainer.state = state or GeneratorState()
    if resume is not None:
        trainer.resume(resume)
    elif not trainer.state.steps:
        trainer.measure_steps()
    trainer.train(checkpoints, resumed=resume is not None)
    return trainer.finish()


def schedule(step: int, steps: int, warmup: float) -> float:
    """Return the learning rate at a step as a share of its peak: linear up, constant, linear down.

    As long as it is constant, a training can be continued for more steps (Hägele et al. 2024,
    "Scaling laws and compute-optimal training beyond fixed training durations").
    """
    rising = (step + 1) / max(1, round(warmup * steps))
    falling = (steps - step) / max(1, round(_COOLDOWN * steps))
    return min(1.0, rising, falling)


class _Trainer:
    """One training: weights, their average, optimizer and state."""

    def __init__(
        self,
        decoder: Decoder,
        training: ConditionedArt,
        validation: ConditionedArt,
        parameters: GeneratorParameters,
        group: ProcessGroup,
        device: torch.device,
        log_metrics: MetricLogger,
    ) -> None:
        self.decoder = decoder.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.training, self.validation = training, validation
        self.parameters, self.group, self.device = parameters, group, device
        self.log_metrics = log_metrics
        self.weights = dict(decoder.named_parameters())
        self.average = copy_weights(self.weights)
        self.optimizer = self._new_optimizer()
        self.state = GeneratorState()
        self.starting_loss = self._validation_loss(with_condition=True)
        self._printed_at = time.monotonic()

    def _new_optimizer(self) -> MuonAdamW:
        parameters = self.parameters
        return MuonAdamW(self.weights, parameters.learning_rate, parameters.weight_decay)

    def measure_steps(self) -> None:
        """Set the number of steps that fit the budget, by timing some and undoing them."""
        before = copy_weights(self.weights)
        budget_s = 60 * self.parameters.budget_minutes
        self.state.steps = _WARM_STEPS + _MAX_TIMED_STEPS  # for the learning rate only
        begun = time.monotonic()
        for _ in range(_WARM_STEPS):
            self._train_step()
        warm, timed = time.monotonic(), 0
        while timed < _MAX_TIMED_STEPS:
            self._train_step()
            timed += 1
            # All processes stop together: each step waits for the slowest of them anyway.
            elapsed = self.group.broadcast(time.monotonic() - begun)
            if elapsed > _TIMED_SHARE * budget_s:
                break
        now = time.monotonic()
        a_step, left_s = (now - warm) / timed, max(0.0, budget_s - (now - begun))
        steps = self.group.broadcast(max(1, math.floor(left_s / a_step)))
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(before[name])
        self.average, self.optimizer = before, self._new_optimizer()
        self.state = replace(self.state, step=0, seconds=0.0, steps=steps)
        self.state.checkpoint_steps = max(1, round(60 / a_step))

    def resume(self, checkpoint: Checkpoint) -> None:
        if not isinstance(checkpoint.state, GeneratorState) or not checkpoint.state.steps:
            raise CorruptVersionError("the checkpoint is no generator's: delete it and train again")
        self.optimizer.restore_momentum(checkpoint.moments)
        restore(checkpoint, self.weights, self.optimizer.adamw)
        self.state, self.average = checkpoint.state, dict(checkpoint.best)
        if self.group.rank == 0:
            print(f"resuming from step {self.state.step} of {self.state.steps}", flush=True)

    def train(self, checkpoints: CheckpointWriter | None, *, resumed: bool) -> None:
        state, every = self.state, self.parameters.checkpoint_steps or self.state.checkpoint_steps
        keeps = checkpoints if self.group.rank == 0 else None
        if keeps is not None and not resumed:
            self._checkpoint(keeps)  # it keeps the number of steps
        while state.step < state.steps:
            started = time.monotonic()
            loss = self._train_step()
            state.seconds += time.monotonic() - started
            if self.group.rank == 0:
                self._log(loss)
            if keeps is not None and every and state.step % every == 0:
                self._checkpoint(keeps)
        if keeps is not None:
            self._checkpoint(keeps, last=True)

    def _checkpoint(self, checkpoints: CheckpointWriter, *, last: bool = False) -> None:
        average = {name: tensor.clone() for name, tensor in self.average.items()}
        kept = snapshot(self.state, self.weights, self.optimizer.adamw, average)
        kept.moments.update(self.optimizer.momentum())
        checkpoints.write(kept, last=last)

    def _train_step(self) -> float:
        state, parameters = self.state, self.parameters
        self.optimizer.set_rate(
            parameters.learning_rate * schedule(state.step, state.steps, parameters.warmup)
        )
        self.optimizer.zero_grad()
        whole = draw_batch(self.training, self.training.art, parameters, state.step)
        own = whole.map(lambda tensor: self.group.share(tensor).to(self.device))
        count = len(own.sigma)
        part = parameters.micro_batch or count
        total = torch.zeros((), device=self.device)
        for first in range(0, count, part):
            some = own.map(lambda tensor, at=first: tensor[at : at + part])  # type: ignore[misc]
            with precision_context(self.device, bf16=parameters.precision == "bf16"):
                loss = denoising_loss(self.decoder, some) * (len(some.sigma) / count)
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        loss_value = self.group.mean(total)
        self.group.average_gradients(list(self.weights.values()))
        norm = float(torch.nn.utils.clip_grad_norm_(self.weights.values(), MAX_GRADIENT_NORM))
        if not math.isfinite(norm):
            raise DustjacketError(
                f"the loss is not a number at step {state.step + 1}: lower learning_rate, or use "
                "precision=fp32"
            )
        self.optimizer.step()
        state.step += 1
        self._update_average()
        return loss_value

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = (1 - 1 / self.state.step) ** (_EMA_POWER + 1)
        for name, weight in self.weights.items():
            self.average[name].lerp_(weight.detach().cpu(), 1 - decay)

    def _log(self, loss: float) -> None:
        state = self.state
        rate = state.step * self.parameters.batch_size / max(state.seconds, 1e-9)
        self.log_metrics({"train.loss": loss, "train.images_per_second": rate}, state.step)
        if time.monotonic() - self._printed_at > _PROGRESS_INTERVAL_S:
            self._printed_at = time.monotonic()
            left_s = (state.steps - state.step) * state.seconds / state.step
            print(
                f"step {state.step} of {state.steps}: loss {loss:.3f}, {rate:.0f} images/s, "
                f"{left_s:.0f} s left",
                flush=True,
            )

    def finish(self) -> TrainedDecoder:
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(self.average[name])
        state = self.state
        result = TrainedDecoder(
            covers=len(self.training),
            steps=state.step,
            images_per_second=state.step * self.parameters.batch_size / max(state.seconds, 1e-9),
            starting_loss=self.starting_loss,
            validation_loss=self._validation_loss(with_condition=True),
            unconditional_loss=self._validation_loss(with_condition=False),
        )
        if self.group.rank == 0:
            figures = {k: v for k, v in asdict(result).items() if v is not None}
            self.log_metrics({f"result.{k}": float(v) for k, v in figures.items()}, state.step)
        return result

    @torch.no_grad()
    def _validation_loss(self, *, with_condition: bool) -> float | None:
        """Return the loss of the validation covers, with the same noise each time."""
        count = min(len(self.validation), _VALIDATION_BATCH)
        if not count:
            return None
        shares = {"null_share": float(not with_condition), "reference_share": 1.0}
        fixed = self.parameters.model_copy(
            update={**shares, "seed": _VALIDATION_SEED, "batch_size": _VALIDATION_BATCH}
        )
        batch = draw_batch(self.validation, self.training.art, fixed, 0)
        batch = replace(batch, level=torch.zeros_like(batch.level))
        return float(denoising_loss(self.decoder, batch.map(lambda each: each.to(self.device))))
