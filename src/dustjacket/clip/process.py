"""One training process: what TorchDistributor starts, in as many processes as were asked for."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import torch
import torch.distributed as dist

from dustjacket.clip.checkpoints import Checkpoints, State
from dustjacket.clip.data import Pairs, SomeImages
from dustjacket.clip.distribute import NO_MEMORY, RENDEZVOUS, out_of_memory
from dustjacket.clip.figures import matches_figure
from dustjacket.clip.images import CoverCache
from dustjacket.clip.loss import ProcessGroup
from dustjacket.clip.metric_logger import AsyncMetricLogger
from dustjacket.clip.model import MODEL_FOLDER, Clip, save
from dustjacket.clip.read import load_version
from dustjacket.clip.retries import retry_while_unavailable
from dustjacket.clip.train import DivergedError, Tell, Trained, fit
from dustjacket.errors import BadInputError, DustjacketError
from dustjacket.genres.read import read_labels
from dustjacket.pipeline.parameters import ClipParameters
from dustjacket.pretrained.hardware import has_fast_bf16
from dustjacket.settings import Settings
from dustjacket.storage.draft import Draft
from dustjacket.storage.store import Store

RESULT, DIVERGED = "training.json", "diverged_batch.json"


@dataclass(frozen=True)
class TrainingTask:
    """What every training process is told; small, for it travels to other machines.

    Attributes:
        labels: version to read.
        starting: kind and version of the weights to start from.
        version, attempt: the draft into which rank 0 writes the trained model.
        work: digest of the work, by which its checkpoints are known.
        run_id: MLflow run that rank 0 logs to.
    """

    settings: Settings
    parameters: ClipParameters
    labels: str
    starting: tuple[str, str]
    version: str
    attempt: str
    work: str
    run_id: str


def train_process(task: TrainingTask) -> None:
    """Train as one rank of the group that torchrun started; rank 0 writes model and result.

    Raises:
        DustjacketError: in one line, what stopped it.
    """
    group = ProcessGroup(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))
    device = _device(task.parameters)
    meet = os.environ.get(RENDEZVOUS)
    if meet:  # on a cluster Spark has said how many cores a task has
        cores, here = len(os.sched_getaffinity(0)), int(os.environ["LOCAL_WORLD_SIZE"])
        torch.set_num_threads(max(1, cores // here))
    dist.init_process_group(
        "nccl" if device.type == "cuda" else "gloo",
        init_method=f"file://{meet}" if meet else "env://",
        rank=group.rank,
        world_size=group.world,
    )
    try:
        _train(task, group, device)
    except (RuntimeError, MemoryError, OSError) as error:
        if not isinstance(error, MemoryError) and not NO_MEMORY.search(str(error)):
            raise
        raise DustjacketError(out_of_memory(task.parameters)) from None
    finally:
        dist.destroy_process_group()


def _train(task: TrainingTask, group: ProcessGroup, device: torch.device) -> None:
    store, parameters = Store(task.settings), task.parameters
    clip = retry_while_unavailable(load_version)(
        store, retry_while_unavailable(store.manifest)(*task.starting)
    )
    clip.model.to(device)
    training, validation = _pairs(store, task, clip, group)
    checkpoints = Checkpoints(store, task.work, parameters.keep_checkpoints)
    found: list[Any] = [checkpoints.newest() if group.rank == 0 else None]
    dist.broadcast_object_list(found)
    resume = checkpoints.read(found[0]) if found[0] else None
    keys = hashlib.sha256("\n".join(training.books["key"]).encode()).hexdigest()[:12]
    if resume is not None and resume.state.pairs != keys:
        print("other covers can be read than when the checkpoint was made: training begins anew")
        resume = None
    dist.barrier()  # all have read what they go on from
    if group.rank == 0:
        retry_while_unavailable(checkpoints.go_on_from)(found[0] if resume else None)
    state = State(run_id=task.run_id, pairs=keys)
    draft = Draft(store, "clip_candidate", task.version, task.attempt)
    with _telling(task, group) as tell:
        try:
            trained = fit(
                clip, training, validation, parameters, group=group, tell=tell,
                checkpoints=checkpoints, resume=resume, state=state,
            )  # fmt: skip
        except DivergedError as error:
            if group.rank == 0:
                retry_while_unavailable(draft.put)(DIVERGED, json.dumps(error.keys).encode())
            dist.barrier()  # the first process that fails ends the others
            where = f"s3://{store.bucket}/{draft.prefix}{DIVERGED}"
            raise DustjacketError(f"{error}: its keys are in {where}") from None
        finally:
            checkpoints.close()
    if group.rank == 0:
        clip.model.cpu()
        _write(clip, draft, trained, validation, task)


@contextmanager
def _telling(task: TrainingTask, group: ProcessGroup) -> Iterator[Tell]:
    if group.rank:
        yield lambda _metrics, _step: None
        return
    # Its own long patience would keep the metrics of an outage from being told as late.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    mlflow.set_tracking_uri(task.settings.mlflow_uri or "")
    teller = AsyncMetricLogger(task.run_id)
    try:
        yield teller
    finally:
        teller.close()


def _write(
    clip: Clip, draft: Draft, trained: Trained, validation: Pairs, task: TrainingTask
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        save(clip, Path(scratch))
        for file in Path(scratch).iterdir():
            retry_while_unavailable(draft.upload)(f"{MODEL_FOLDER}/{file.name}", file)
    if len(validation):
        figure = matches_figure(clip, validation, task.parameters)
        try:
            mlflow.MlflowClient().log_figure(task.run_id, figure, "matches.png")
        except Exception as error:  # noqa: BLE001  # a picture is no reason to lose a training
            print(f"the figure of matches is not in MLflow: {error}")
    retry_while_unavailable(draft.put)(RESULT, json.dumps(asdict(trained)).encode())


def _device(parameters: ClipParameters) -> torch.device:
    if parameters.device == "cpu":
        if parameters.precision == "bf16" and not has_fast_bf16():
            print("this processor has no bf16, and imitates it slowly: take precision=fp32")
        return torch.device("cpu")
    if (here := torch.cuda.device_count()) < (asked := int(os.environ["LOCAL_WORLD_SIZE"])):
        raise BadInputError(
            f"device=gpu with {asked} processes on a machine with {here} GPUs that PyTorch can use:"
            " take fewer processes, or device=cpu"
        )
    torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    return torch.device("cuda", int(os.environ["LOCAL_RANK"]))


def _pairs(
    store: Store, task: TrainingTask, clip: Clip, group: ProcessGroup
) -> tuple[Pairs, Pairs]:
    labels = retry_while_unavailable(store.manifest)("labelled_covers", task.labels)
    covers = retry_while_unavailable(store.manifest)("covers", labels.parents["covers"])
    books = retry_while_unavailable(read_labels)(store, labels)
    books = books[books["split"] != "test"].reset_index(drop=True)
    most = int(task.parameters.cache_gib * 2**30)
    cache = CoverCache(store, covers, books, clip.image_size, most)
    broken = _union(cache.broken(first=group.rank), group)
    if len(broken) > task.parameters.max_broken_share * len(books):
        raise DustjacketError(
            f"{len(broken)} of {len(books)} covers of covers/{covers.version} cannot be read: "
            "ingest them again, or raise max_broken_share"
        )
    if len(broken) and group.rank == 0:
        print(f"{len(broken)} of {len(books)} covers cannot be read and are left out")
    left = books.drop(index=broken)
    return (
        _part(cache, left[left["split"] == "train"]),
        _part(cache, left[left["split"] == "validation"]),
    )


def _union(rows: np.ndarray, group: ProcessGroup) -> np.ndarray:
    """Return the rows that any process named: all must leave out the same."""
    every: list[Any] = [None] * group.world
    dist.all_gather_object(every, rows)
    return np.unique(np.concatenate(every)).astype(np.int64)


def _part(cache: CoverCache, books: pd.DataFrame) -> Pairs:
    return Pairs(books.reset_index(drop=True), SomeImages(cache, books.index.to_numpy()))
