"""One training process: contrastive fine-tuning of both towers, the same on every rank.

Radford et al. 2021 (CLIP): symmetric cross-entropy over the cosines of a batch, a learnt logit
scale of at most 100, AdamW without decay of gains and biases, warm-up, then a cosine to zero.
"""

import copy
import json
import math
import os
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import torch
import torch.distributed as dist
from open_clip.loss import ClipLoss
from torch.nn.parallel import DistributedDataParallel

from dustjacket.clip.data import Pairs, batches, normalised, read_pairs
from dustjacket.clip.distribute import RENDEZVOUS
from dustjacket.clip.embed import embed_covers, embed_texts
from dustjacket.clip.metrics import retrieval
from dustjacket.clip.model import MODEL_FOLDER, Clip, save
from dustjacket.clip.prompts import fixed_prompts, sampled_prompts
from dustjacket.clip.read import load_version
from dustjacket.genres.read import read_labels
from dustjacket.parameters import ClipParameters
from dustjacket.settings import Settings
from dustjacket.storage import Draft, Store

RESULT = "training.json"
MAX_LOGIT_SCALE = math.log(100)
MAX_GRADIENT_NORM = 1.0


@dataclass(frozen=True)
class Task:
    """What every training process is told; small, for it travels to other machines.

    Attributes:
        labels, starting: versions to read.
        version, attempt: the draft into which rank 0 writes the trained model.
        run_id: MLflow run that rank 0 logs to.
    """

    settings: Settings
    parameters: ClipParameters
    labels: str
    starting: str
    version: str
    attempt: str
    run_id: str


@dataclass(frozen=True)
class Trained:
    """What training came to; rates are of pairs over all processes, validation apart."""

    pairs: int
    best_epoch: int
    pairs_per_second: float
    validation_recall_at_10: float | None


def train_process(task: Task) -> None:
    """Train as one rank of the group that torchrun started; rank 0 writes model and result."""
    rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    cores, here = len(os.sched_getaffinity(0)), int(os.environ["LOCAL_WORLD_SIZE"])
    torch.set_num_threads(max(1, cores // here))
    meet = os.environ.get(RENDEZVOUS)
    dist.init_process_group(
        "gloo", init_method=f"file://{meet}" if meet else "env://", rank=rank, world_size=world
    )
    store = Store(task.settings)
    clip, training, validation = _read(store, task)
    try:
        if rank:
            fit(clip, training, validation, task.parameters, rank=rank, world=world)
            return
        mlflow.set_tracking_uri(task.settings.mlflow_uri or "")
        with mlflow.start_run(run_id=task.run_id), tempfile.TemporaryDirectory() as scratch:
            trained = fit(
                clip, training, validation, task.parameters, world=world, tell=_tell_mlflow
            )
            save(clip, Path(scratch))
            draft = Draft(store, "clip_candidate", task.version, task.attempt)
            for file in Path(scratch).iterdir():
                draft.upload(f"{MODEL_FOLDER}/{file.name}", file)
            draft.put(RESULT, json.dumps(asdict(trained)).encode())
    finally:
        dist.destroy_process_group()


def _read(store: Store, task: Task) -> tuple[Clip, Pairs, Pairs]:
    labels = store.manifest("labelled_covers", task.labels)
    covers = store.manifest("covers", labels.parents["covers"])
    clip = load_version(store, store.manifest("starting_clip", task.starting))
    books = read_labels(store, labels)
    training, validation = (
        read_pairs(store, covers, books[books["split"] == split], clip.image_size)
        for split in ("train", "validation")
    )
    return clip, training, validation


def _tell_mlflow(metrics: dict[str, float], step: int) -> None:
    mlflow.log_metrics(metrics, step=step, synchronous=False)


def fit(
    clip: Clip,
    training: Pairs,
    validation: Pairs,
    parameters: ClipParameters,
    *,
    rank: int = 0,
    world: int = 1,
    tell: Any = None,
) -> Trained:
    """Train ``clip`` in place and leave it with its best epoch's weights.

    The best epoch is the one with the highest validation recall@10, both directions together;
    the last one where there are fewer than two validation pairs.

    Args:
        tell: on rank 0, called with metrics and the step that they belong to.
    """
    batch_size = min(parameters.batch_size, len(training)) // world * world
    steps = parameters.epochs * (len(training) // batch_size)
    model: Any = DistributedDataParallel(clip.model) if world > 1 else clip.model
    loss_of = ClipLoss(local_loss=True, gather_with_grad=True, rank=rank, world_size=world)
    optimizer = _optimizer(clip.model, parameters)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _schedule(parameters, steps))
    best: tuple[float, int, dict[str, Any]] = (-1.0, parameters.epochs, {})
    step, seconds = 0, 0.0
    for epoch in range(1, parameters.epochs + 1):
        began, losses = time.monotonic(), []
        clip.model.train()
        rng = np.random.default_rng([parameters.seed, epoch])
        texts = clip.tokenizer(
            sampled_prompts(training.books, genre=parameters.include_genre, rng=rng)
        )
        for rows in batches(
            len(training), batch_size, parameters.seed, epoch, rank=rank, world=world
        ):
            images = normalised(augmented(training.images[rows], rng), clip.model)
            covers, titles, scale = model(images, texts[rows])[:3]
            loss = loss_of(covers, titles, scale)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(clip.model.parameters(), MAX_GRADIENT_NORM)
            optimizer.step()
            schedule.step()
            with torch.no_grad():
                clip.model.logit_scale.clamp_(0, MAX_LOGIT_SCALE)  # type: ignore[operator]
            losses.append(float(loss.detach()))
            step += 1
            if tell:
                tell(
                    {
                        "train.loss": losses[-1],
                        "train.learning_rate": schedule.get_last_lr()[0],
                        "train.gradient_norm": float(norm),
                        "train.logit_scale": float(scale.detach()),
                    },
                    step,
                )
        seconds += time.monotonic() - began
        if rank == 0:
            recall = validation_recall(clip, validation, genre=parameters.include_genre)
            if (recall or 0.0) >= best[0]:
                best = (recall or 0.0, epoch, copy.deepcopy(clip.model.state_dict()))
            rate = step * batch_size / seconds
            if tell:
                told = {} if recall is None else {"validation.recall_at_10": recall}
                tell({**told, "train.pairs_per_second": rate}, step)
            print(
                f"epoch {epoch}/{parameters.epochs}: loss {np.mean(losses):.3f}, "
                + ("" if recall is None else f"validation recall@10 {recall:.3f}, ")
                + f"{rate:.0f} pairs/s, {(steps - step) * batch_size / rate:.0f} s left",
                flush=True,
            )
        if world > 1:
            dist.barrier()
    if rank == 0:
        clip.model.load_state_dict(best[2])
    found = best[0] if len(validation) > 1 else None
    return Trained(len(training), best[1], step * batch_size / seconds, found)


def validation_recall(clip: Clip, pairs: Pairs, *, genre: bool) -> float | None:
    """Return recall@10, the mean of both directions, or None for fewer than two pairs."""
    if len(pairs) < 2:
        return None
    found = retrieval(
        embed_texts(clip, fixed_prompts(pairs.books, genre=genre)), embed_covers(clip, pairs.images)
    )
    return float(np.mean([direction["recall_at_10"] for direction in found.values()]))


def augmented(images: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Return the images, each shifted by up to a sixteenth of its side."""
    size = images.shape[-1]
    reach = size // 16
    padded = torch.nn.functional.pad(images, [reach] * 4, mode="replicate")
    shifts = rng.integers(0, 2 * reach + 1, size=(len(images), 2))
    return torch.stack(
        [image[:, y : y + size, x : x + size] for image, (y, x) in zip(padded, shifts, strict=True)]
    )


def _optimizer(model: torch.nn.Module, parameters: ClipParameters) -> torch.optim.Optimizer:
    decayed = [p for p in model.parameters() if p.requires_grad and p.ndim >= 2]
    others = [p for p in model.parameters() if p.requires_grad and p.ndim < 2]
    groups = [
        {"params": decayed, "weight_decay": parameters.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=parameters.learning_rate, betas=(0.9, 0.98), eps=1e-6)


def _schedule(parameters: ClipParameters, steps: int) -> Any:
    warm = max(1, round(parameters.warmup * steps))

    def factor(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))

    return factor
