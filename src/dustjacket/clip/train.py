"""Contrastive fine-tuning of both towers: the same steps for any number of processes.

Radford et al. 2021 (CLIP): symmetric cross-entropy over the cosines of a batch, a learnt logit
scale of at most 100, AdamW without decay of gains and biases, warm-up, then a cosine to zero.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist

from dustjacket.clip.checkpoints import Checkpoint, Checkpoints, State, copied, restore, snapshot
from dustjacket.clip.data import Epoch, Pairs, batch_size, draw_epoch
from dustjacket.clip.gradients import average_gradients, backward, mean
from dustjacket.clip.loss import ProcessGroup
from dustjacket.clip.model import Clip
from dustjacket.clip.prompts import fixed_prompts, prompt_variants
from dustjacket.clip.towers import Towers, lock, merge_lora, trainable
from dustjacket.errors import DustjacketError
from dustjacket.metrics.retrieval import mean_recall_at_10
from dustjacket.pipeline.parameters import ClipParameters

MAX_LOGIT_SCALE = math.log(100)
MAX_GRADIENT_NORM = 1.0
_SAY_EVERY_S = 10.0
Tell = Callable[[dict[str, float], int], None]


class DivergedError(DustjacketError):
    """The loss is no number any more; ``keys`` are those of the batch."""

    def __init__(self, step: int, keys: list[str]) -> None:
        """Say at which step."""
        super().__init__(
            f"the loss is not a number at step {step}: lower learning_rate, or look at the covers "
            "of that batch"
        )
        self.keys = keys


@dataclass(frozen=True)
class Trained:
    """What training came to; rates are of pairs over all processes, validation apart.

    Attributes:
        loading_share: part of the time of rank 0's steps that went into reading covers.
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
    tell: Tell = lambda _metrics, _step: None,
    checkpoints: Checkpoints | None = None,
    resume: Checkpoint | None = None,
    state: State | None = None,
) -> Trained:
    """Train ``clip`` in place and leave it with its best epoch's weights, on every process.

    The best epoch is the one with the highest validation recall@10, both directions together;
    the last one where ten validation pairs or fewer say nothing. With ``wise_ft`` the weights are
    then those on the line from the starting ones that do best there (Wortsman et al. 2022).

    Args:
        tell: called on rank 0 with metrics and the step that they belong to.
        checkpoints: where rank 0 keeps the training, if anywhere.
        resume: what to go on from; the result is that of a training that never stopped.
        state: what a new training begins its checkpoints with.

    Raises:
        DivergedError: the loss is no number.
    """
    group = group or ProcessGroup()
    run = _Run(clip, training, validation, parameters, group, tell)
    run.state = state or run.state
    if resume is not None:
        run.resume(resume)
    run.train(checkpoints)
    return run.finish()


class _Run:
    """One training: its towers, its optimizer, and where it is."""

    def __init__(
        self,
        clip: Clip,
        training: Pairs,
        validation: Pairs,
        parameters: ClipParameters,
        group: ProcessGroup,
        tell: Tell,
    ) -> None:
        self.clip, self.parameters, self.group, self.tell = clip, parameters, group, tell
        self.training, self.validation = training, validation
        self.start: dict[str, torch.Tensor] = {}
        if parameters.wise_ft:
            self.start = {name: one.clone() for name, one in clip.model.state_dict().items()}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(parameters.seed)
            lock(clip, parameters.recipe)
        genre, sure = parameters.include_genre, parameters.min_confidence
        bf16 = parameters.precision == "bf16"
        variants = prompt_variants(training.books, genre=genre, min_confidence=sure)
        fixed = fixed_prompts(validation.books, genre=genre, min_confidence=sure)
        self.towers = Towers(clip, training.images, variants, group, bf16=bf16)
        self.held_out = Towers(clip, validation.images, [fixed], group, bf16=bf16)
        self.books = torch.from_numpy(training.books["title"].str.casefold().factorize()[0])
        self.size = batch_size(parameters.batch_size, len(training), group.world)
        self.per_epoch = len(training) // self.size
        self.steps = parameters.epochs * self.per_epoch
        self.weights = trainable(clip)
        self.optimizer = _optimizer(self.weights, parameters)
        self.state, self.best = State(), dict[str, torch.Tensor]()
        self.starting_recall = self._recall()
        self._said, self._now = time.monotonic(), ""

    def resume(self, checkpoint: Checkpoint) -> None:
        restore(checkpoint, self.weights, self.optimizer)
        self.state, self.best = checkpoint.state, dict(checkpoint.best)
        if self.group.rank == 0:
            print(f"going on from step {self.state.step} of {self.steps}", flush=True)

    def train(self, checkpoints: Checkpoints | None) -> None:
        state, parameters = self.state, self.parameters
        every = parameters.checkpoint_steps or self.per_epoch
        reach = round(parameters.max_shift * self.clip.image_size)
        while state.step < self.steps and not self._stops():
            epoch, first = divmod(state.step, self.per_epoch)
            draws = draw_epoch(self.training.books, parameters.seed, epoch + 1, reach)
            for number in range(first, self.per_epoch):
                self._step(draws, number)
                ends = number + 1 == self.per_epoch
                if ends:
                    self._end_epoch(epoch + 1)
                if (
                    checkpoints is not None
                    and self.group.rank == 0
                    and (state.step % every == 0 or ends)
                ):
                    at = snapshot(state, self.weights, self.optimizer, self.best)
                    checkpoints.write(at, last=state.step == self.steps)

    def finish(self) -> Trained:
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(self.best.get(name, weight))
        merge_lora(self.clip)
        share = self._interpolate() if self.parameters.wise_ft else 1.0
        state = self.state
        return Trained(
            pairs=len(self.training),
            steps=state.step,
            best_epoch=state.best_epoch,
            pairs_per_second=state.step * self.size / max(state.seconds, 1e-9),
            loading_share=state.loading_s / max(state.seconds, 1e-9),
            validation_recall_at_10=state.best_recall if self._measures() else None,
            starting_recall_at_10=self.starting_recall,
            interpolation=share,
        )

    def _step(self, draws: Epoch, number: int) -> None:
        began, loaded, state = time.monotonic(), self.towers.loading_s, self.state
        batch = draws.batch(number, self.size)
        rate = self.parameters.learning_rate * schedule(
            state.step, self.steps, self.parameters.warmup
        )
        for weights in self.optimizer.param_groups:
            weights["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        own = backward(
            self.towers, self.clip, self.group, batch, self.books[batch], draws,
            self.parameters.micro_batch or self.size,
        )  # fmt: skip
        loss = mean(own, self.group)
        average_gradients(list(self.weights.values()), self.group)
        norm = float(torch.nn.utils.clip_grad_norm_(self.weights.values(), MAX_GRADIENT_NORM))
        if not math.isfinite(norm):  # on all processes at once, for gradients are averaged
            raise DivergedError(state.step + 1, list(self.training.books["key"].iloc[batch]))
        self.optimizer.step()
        scale: Any = self.clip.model.logit_scale
        with torch.no_grad():
            scale.clamp_(0, MAX_LOGIT_SCALE)
        state.step += 1
        state.seconds += time.monotonic() - began
        state.loading_s += self.towers.loading_s - loaded
        if self.group.rank == 0:
            speed = state.step * self.size / state.seconds
            self.tell(
                {
                    "train.loss": loss,
                    "train.learning_rate": rate,
                    "train.gradient_norm": norm,
                    "train.logit_scale": float(scale.detach().exp()),
                    "train.pairs_per_second": speed,
                },
                state.step,
            )
            self._now = f"loss {loss:.3f}, {speed:.0f} pairs/s"
            if time.monotonic() - self._said > _SAY_EVERY_S:
                self._say(self._now)

    def _end_epoch(self, epoch: int) -> None:
        state = self.state
        recall = self._recall()
        better = recall is None or recall > state.best_recall
        state.stale = 0 if better else state.stale + 1
        if better:
            state.best_recall, state.best_epoch = recall or 0.0, epoch
            self.best = copied(self.weights)
        if self.group.rank == 0:
            reached = ""
            if recall is not None:
                self.tell({"validation.recall_at_10": recall}, state.step)
                reached = f"validation recall@10 {recall:.3f}, "
            self._say(f"epoch {epoch}: {reached}{self._now}")

    def _say(self, what: str) -> None:
        self._said = time.monotonic()
        left = (self.steps - self.state.step) * self.state.seconds / max(self.state.step, 1)
        print(f"step {self.state.step} of {self.steps}: {what}, {left:.0f} s left", flush=True)

    def _stops(self) -> bool:
        patience = self.parameters.patience
        return bool(patience) and self.state.stale >= patience

    def _measures(self) -> bool:
        return len(self.validation) > 10  # of ten, every one is among the first ten

    def _recall(self) -> float | None:
        if not self._measures():
            return None
        covers, titles = self.held_out.embedded(self.group)
        found = [mean_recall_at_10(titles, covers)]
        if self.group.world > 1:  # machines may differ in a last bit, and must stop together
            dist.broadcast_object_list(found)
        return found[0]

    def _interpolate(self) -> float:
        """Leave the weights that do best on validation of those from the starting ones on."""
        tuned = {name: one.clone() for name, one in self.clip.model.state_dict().items()}
        best, share = -1.0, 1.0
        for tried in (1.0, 0.75, 0.5, 0.25):
            self._mix(tuned, tried)
            recall = self._recall() or 0.0
            if recall > best:
                best, share = recall, tried
        self._mix(tuned, share)
        self.state.best_recall = best
        return share

    def _mix(self, tuned: dict[str, torch.Tensor], share: float) -> None:
        mixed = {
            name: torch.lerp(self.start[name], one, share) if one.is_floating_point() else one
            for name, one in tuned.items()
        }
        self.clip.model.load_state_dict(mixed)


def schedule(step: int, steps: int, warmup: float) -> float:
    """Return the share of the peak learning rate at a step: up a line, then down a cosine."""
    warm = max(1, round(warmup * steps))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def _optimizer(
    weights: dict[str, torch.nn.Parameter], parameters: ClipParameters
) -> torch.optim.Optimizer:
    groups = [
        {
            "params": [w for w in weights.values() if w.ndim >= 2],
            "weight_decay": parameters.weight_decay,
        },
        {"params": [w for w in weights.values() if w.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups, lr=parameters.learning_rate, betas=(0.9, 0.98), eps=1e-6, fused=True
    )
