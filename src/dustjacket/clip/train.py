"""Contrastive fine-tuning of both towers: one loop for any number of processes.

The recipe of CLIP (Radford et al. 2021, "Learning transferable visual models from natural language
supervision"): symmetric cross-entropy over the cosines of a batch, a learnt logit scale of at most
100, AdamW without decay of gains and biases, a linear warm-up, then cosine decay to zero.

Shapes: G pairs of the global batch, which the processes share; N training pairs.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from dustjacket.clip.checkpoints import (
    Checkpoint,
    Checkpoints,
    TrainingState,
    copy_weights,
    restore,
    snapshot,
)
from dustjacket.clip.data import EpochDraws, Pairs, book_numbers, draw_epoch, global_batch_size
from dustjacket.clip.gradients import backward
from dustjacket.clip.model import Clip
from dustjacket.clip.process_group import ProcessGroup
from dustjacket.clip.prompts import prompt_variants, query_prompts
from dustjacket.clip.recipes import apply_recipe, merge_lora, trainable_weights
from dustjacket.clip.step import ClipParameters
from dustjacket.clip.towers import Towers
from dustjacket.clip.wise_ft import copy_state, interpolate
from dustjacket.errors import DustjacketError
from dustjacket.metrics.retrieval import recall_and_mrr

MAX_LOGIT_SCALE = math.log(100)
MAX_GRADIENT_NORM = 1.0
_PROGRESS_INTERVAL_S = 10.0
MetricLogger = Callable[[dict[str, float], int], None]
"""Takes metrics, and the step at which they were measured."""


class DivergedError(DustjacketError):
    """The loss or its gradient is not finite; ``keys`` are those of the batch's covers."""

    def __init__(self, step: int, keys: list[str]) -> None:
        """Name the step."""
        super().__init__(
            f"the loss is not a number at step {step}: lower learning_rate, or inspect the covers "
            "of that batch"
        )
        self.keys = keys


@dataclass(frozen=True)
class TrainingResult:
    """Summary of a training; rates count the pairs of all processes, without validation.

    Attributes:
        pairs: training pairs.
        best_epoch: of the final weights; 0: no epoch was better than the starting weights.
        loading_share: share of the steps' time that rank 0 spent on reading covers.
        validation_recall_at_10: of the final weights; None if there are too few validation pairs.
        starting_recall_at_10: the same before training.
        interpolation: share of the fine-tuned weights; 1 without WiSE-FT.
    """

    pairs: int
    steps: int
    best_epoch: int
    pairs_per_second: float
    loading_share: float
    validation_recall_at_10: float | None
    starting_recall_at_10: float | None
    interpolation: float


def fit(
    clip: Clip,
    training: Pairs,
    validation: Pairs,
    parameters: ClipParameters,
    *,
    group: ProcessGroup | None = None,
    log_metrics: MetricLogger = lambda _metrics, _step: None,
    checkpoints: Checkpoints | None = None,
    resume: Checkpoint | None = None,
    state: TrainingState | None = None,
) -> TrainingResult:
    """Train ``clip`` in place; on return, every process has the best epoch's weights.

    The best epoch has the highest validation recall@10, and of equal ones the highest mean
    reciprocal rank, each the mean of both directions; epoch 0 is the starting weights. The last
    epoch is the best if there are ten validation pairs or fewer. With ``wise_ft``, the weights are
    then the best mixture of these and the starting weights.

    Args:
        group: the processes that train together; None is this one alone.
        log_metrics: called on rank 0.
        checkpoints: where rank 0 writes checkpoints, if anywhere.
        resume: checkpoint to continue from; the result is that of an uninterrupted training.
        state: initial state of a new training, with the facts that its checkpoints record.

    Raises:
        BadInputError: the processes cannot share the batch.
        CorruptVersionError: ``resume`` belongs to another model.
        DivergedError: the loss is not finite.
    """
    trainer = _Trainer(clip, training, validation, parameters, group or ProcessGroup(), log_metrics)
    trainer.start(state or TrainingState())
    if resume is not None:
        trainer.resume(resume)
    trainer.train(checkpoints)
    return trainer.finish()


class _Trainer:
    """One training: towers, optimizer and state."""

    def __init__(
        self,
        clip: Clip,
        training: Pairs,
        validation: Pairs,
        parameters: ClipParameters,
        group: ProcessGroup,
        log_metrics: MetricLogger,
    ) -> None:
        self.clip, self.parameters, self.group = clip, parameters, group
        self.training, self.validation, self.log_metrics = training, validation, log_metrics
        self.starting = copy_state(clip.model) if parameters.wise_ft else {}
        with torch.random.fork_rng(devices=[]):  # LoRA's first matrices are random
            torch.manual_seed(parameters.seed)
            apply_recipe(clip, parameters.recipe)
        genre, min_confidence = parameters.include_genre, parameters.min_confidence
        bf16 = parameters.precision == "bf16"
        variants = prompt_variants(training.books, genre=genre, min_confidence=min_confidence)
        queries = query_prompts(validation.books)
        self.towers = Towers(clip, training.images, variants, group, bf16=bf16)
        self.validation_towers = Towers(clip, validation.images, [queries], group, bf16=bf16)
        self.books_N = book_numbers(training.books)
        self.batch_size = global_batch_size(parameters.batch_size, len(training), group.world)
        self.steps_per_epoch = len(training) // self.batch_size
        self.steps = parameters.epochs * self.steps_per_epoch
        self.weights = trainable_weights(clip)
        self.optimizer = _make_optimizer(self.weights, parameters)
        self.state, self.best_weights = TrainingState(), copy_weights(self.weights)
        self.starting_score = self._validation_score()
        self._progress, self._printed_at = "", time.monotonic()

    def start(self, state: TrainingState) -> None:
        self.state = state
        if self.starting_score is not None:
            state.best_recall, state.best_mrr = self.starting_score

    def resume(self, checkpoint: Checkpoint) -> None:
        restore(checkpoint, self.weights, self.optimizer)
        if checkpoint.best:
            self.state, self.best_weights = checkpoint.state, dict(checkpoint.best)
        else:  # an earlier release left the starting weights out
            self.start(checkpoint.state)
        if self.group.rank == 0:
            print(f"resuming from step {self.state.step} of {self.steps}", flush=True)

    def train(self, checkpoints: Checkpoints | None) -> None:
        state, parameters = self.state, self.parameters
        checkpoint_steps = parameters.checkpoint_steps or self.steps_per_epoch
        max_shift = round(parameters.max_shift * self.clip.image_size)
        while state.step < self.steps and not self._out_of_patience():
            epoch, first = divmod(state.step, self.steps_per_epoch)
            draws = draw_epoch(self.training.books, parameters.seed, epoch + 1, max_shift)
            for number in range(first, self.steps_per_epoch):
                self._train_step(draws.batch(number, self.batch_size), draws)
                is_last_of_epoch = number + 1 == self.steps_per_epoch
                if is_last_of_epoch:
                    self._end_epoch(epoch + 1)
                is_due = state.step % checkpoint_steps == 0 or is_last_of_epoch
                if checkpoints is not None and self.group.rank == 0 and is_due:
                    checkpoint = snapshot(state, self.weights, self.optimizer, self.best_weights)
                    checkpoints.write(checkpoint, last=state.step == self.steps)

    def _train_step(self, rows_G: torch.Tensor, draws: EpochDraws) -> None:
        state, parameters = self.state, self.parameters
        started, loading_s = time.monotonic(), self.towers.loading_s
        learning_rate = parameters.learning_rate * schedule(
            state.step, self.steps, parameters.warmup
        )
        for weights in self.optimizer.param_groups:
            weights["lr"] = learning_rate
        self.optimizer.zero_grad(set_to_none=True)
        micro_batch = parameters.micro_batch or self.batch_size
        books_G = self.books_N[rows_G]
        own_loss = backward(self.towers, self.clip, self.group, rows_G, books_G, draws, micro_batch)
        loss = self.group.mean(own_loss)
        self.group.average_gradients(list(self.weights.values()))
        norm = float(torch.nn.utils.clip_grad_norm_(self.weights.values(), MAX_GRADIENT_NORM))
        if not math.isfinite(norm):  # on all processes at once, as gradients are averaged
            raise DivergedError(state.step + 1, list(self.training.books["key"].iloc[rows_G]))
        self.optimizer.step()
        log_scale: Any = self.clip.model.logit_scale
        with torch.no_grad():
            log_scale.clamp_(0, MAX_LOGIT_SCALE)
        state.step += 1
        state.seconds += time.monotonic() - started
        state.loading_s += self.towers.loading_s - loading_s
        if self.group.rank == 0:
            pairs_per_second = state.step * self.batch_size / state.seconds
            metrics = {
                "train.loss": loss,
                "train.learning_rate": learning_rate,
                "train.gradient_norm": norm,
                "train.logit_scale": float(log_scale.detach().exp()),
                "train.pairs_per_second": pairs_per_second,
            }
            self.log_metrics(metrics, state.step)
            self._progress = f"loss {loss:.3f}, {pairs_per_second:.0f} pairs/s"
            if time.monotonic() - self._printed_at > _PROGRESS_INTERVAL_S:
                self._print(self._progress)

    def _end_epoch(self, epoch: int) -> None:
        state, score = self.state, self._validation_score()
        if score is None or score > (state.best_recall, state.best_mrr):
            state.best_recall, state.best_mrr = score or (0.0, 0.0)
            state.best_epoch, state.stale = epoch, 0
            self.best_weights = copy_weights(self.weights)
        else:
            state.stale += 1
        if self.group.rank == 0:
            reached = ""
            if score is not None:
                names = ("validation.recall_at_10", "validation.mrr")
                self.log_metrics(dict(zip(names, score, strict=True)), state.step)
                reached = f"validation recall@10 {score[0]:.3f}, "
            self._print(f"epoch {epoch}: {reached}{self._progress}")

    def finish(self) -> TrainingResult:
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(self.best_weights.get(name, weight))
        merge_lora(self.clip)
        state, interpolation = self.state, 1.0
        if not state.best_epoch and self.group.rank == 0:
            print("no epoch is better on validation covers than the starting weights: these stay")
        if self.parameters.wise_ft:
            interpolation, (state.best_recall, state.best_mrr) = interpolate(
                self.clip.model, self.starting, lambda: self._validation_score() or (0.0, 0.0)
            )
        return TrainingResult(
            pairs=len(self.training),
            steps=state.step,
            best_epoch=state.best_epoch,
            pairs_per_second=state.step * self.batch_size / max(state.seconds, 1e-9),
            loading_share=state.loading_s / max(state.seconds, 1e-9),
            validation_recall_at_10=state.best_recall if self.starting_score else None,
            starting_recall_at_10=self.starting_score and self.starting_score[0],
            interpolation=interpolation,
        )

    def _out_of_patience(self) -> bool:
        patience = self.parameters.patience
        return bool(patience) and self.state.stale >= patience

    def _validation_score(self) -> tuple[float, float] | None:
        """Return recall@10 and MRR, each the mean of both directions; None with too few pairs."""
        if len(self.validation) <= 10:  # recall@10 of ten pairs is always 1
            return None
        covers_ND, texts_ND = self.validation_towers.embed_all(self.group)
        # Processors may differ in the last bit, but all processes must stop at the same epoch.
        return self.group.broadcast(recall_and_mrr(texts_ND, covers_ND))

    def _print(self, progress: str) -> None:
        self._printed_at = time.monotonic()
        step, seconds = self.state.step, self.state.seconds
        left_s = (self.steps - step) * seconds / max(step, 1)
        print(f"step {step} of {self.steps}: {progress}, {left_s:.0f} s left", flush=True)


def schedule(step: int, steps: int, warmup: float) -> float:
    """Return the learning rate at a step as a share of its peak: linear warm-up, cosine decay."""
    warm = max(1, round(warmup * steps))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def _make_optimizer(
    weights: dict[str, torch.nn.Parameter], parameters: ClipParameters
) -> torch.optim.Optimizer:
    matrices = [weight for weight in weights.values() if weight.ndim >= 2]
    gains_and_biases = [weight for weight in weights.values() if weight.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": parameters.weight_decay},
        {"params": gains_and_biases, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups, lr=parameters.learning_rate, betas=(0.9, 0.98), eps=1e-6, fused=True
    )
