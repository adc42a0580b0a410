"""One of the training processes that TorchDistributor starts.

Each reads the starting weights and the covers from the store and trains; rank 0 writes the model
and its result into the draft of the new version.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import torch
import torch.distributed as dist

from dustjacket.clip.checkpoints import Checkpoint, Checkpoints, TrainingState
from dustjacket.clip.data import ImageSubset, Pairs
from dustjacket.clip.distribute import OUT_OF_MEMORY, RENDEZVOUS, out_of_memory_message
from dustjacket.clip.figures import matches_figure
from dustjacket.clip.images import CoverCache
from dustjacket.clip.metric_logger import AsyncMetricLogger
from dustjacket.clip.model import Clip, save
from dustjacket.clip.process_group import ProcessGroup
from dustjacket.clip.read import load_version
from dustjacket.clip.retries import retry_while_unavailable
from dustjacket.clip.step import MODEL_FOLDER, ClipParameters
from dustjacket.clip.train import DivergedError, MetricLogger, TrainingResult, fit
from dustjacket.errors import BadInputError, DustjacketError
from dustjacket.genres.published_labels import read_training_labels
from dustjacket.pipeline.kinds import Kind
from dustjacket.pretrained.hardware import has_fast_bf16
from dustjacket.settings import Settings
from dustjacket.storage.draft import Draft
from dustjacket.storage.parents import parent_of
from dustjacket.storage.store import Store
from dustjacket.tracking import runs as tracking

RESULT, DIVERGED = "training.json", "diverged_batch.json"


@dataclass(frozen=True)
class TrainingTask:
    """The arguments of every training process; small, because they are sent to other machines.

    Attributes:
        labels: version of the labelled covers.
        starting: kind and version of the starting weights.
        version, attempt: the draft into which rank 0 writes the trained model.
        digest: of the plan; the name of the training's checkpoints.
        run_id: MLflow run to which rank 0 logs.
    """

    settings: Settings
    parameters: ClipParameters
    labels: str
    starting: tuple[str, str]
    version: str
    attempt: str
    digest: str
    run_id: str


def train_process(task: TrainingTask) -> None:
    """Train as one rank of the group that torchrun started; rank 0 writes the model and its result.

    Raises:
        DustjacketError: the cause of the failure, in one line.
    """
    group = ProcessGroup(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))
    device = _select_device(task.parameters)
    rendezvous = os.environ.get(RENDEZVOUS)
    if rendezvous:  # on one machine; on a cluster, Spark sets the threads of each task
        cores, processes = len(os.sched_getaffinity(0)), int(os.environ["LOCAL_WORLD_SIZE"])
        torch.set_num_threads(max(1, cores // processes))
    dist.init_process_group(
        "nccl" if device.type == "cuda" else "gloo",
        init_method=f"file://{rendezvous}" if rendezvous else "env://",
        rank=group.rank,
        world_size=group.world,
    )
    try:
        _train(task, group, device)
    except (RuntimeError, MemoryError, OSError) as error:
        if not isinstance(error, MemoryError) and not OUT_OF_MEMORY.search(str(error)):
            raise
        raise DustjacketError(out_of_memory_message(task.parameters)) from None
    finally:
        dist.destroy_process_group()


def _train(task: TrainingTask, group: ProcessGroup, device: torch.device) -> None:
    store, parameters = Store(task.settings), task.parameters
    starting = retry_while_unavailable(store.manifest)(*task.starting)
    clip = retry_while_unavailable(load_version)(store, starting)
    clip.model.to(device)
    training, validation = _read_pairs(store, task, clip, group)
    keys = hashlib.sha256("\n".join(training.books["key"]).encode()).hexdigest()[:12]
    checkpoints = Checkpoints(store, task.digest, parameters.keep_checkpoints)
    resume = _find_checkpoint(checkpoints, keys, group)
    draft = Draft(store, Kind.CLIP_CANDIDATE, task.version, task.attempt)
    with _metric_logger(task, group) as log_metrics:
        try:
            result = fit(
                clip, training, validation, parameters, group=group, log_metrics=log_metrics,
                checkpoints=checkpoints, resume=resume,
                state=TrainingState(run_id=task.run_id, pairs=keys),
            )  # fmt: skip
        except DivergedError as error:
            if group.rank == 0:
                retry_while_unavailable(draft.put)(DIVERGED, json.dumps(error.keys).encode())
            group.barrier()  # the first process that fails ends the others
            address = f"s3://{store.bucket}/{draft.prefix}{DIVERGED}"
            raise DustjacketError(f"{error}: its keys are in {address}") from None
        finally:
            checkpoints.close()
    if group.rank == 0:
        clip.model.cpu()
        _write(clip, draft, result, validation, task)


def _select_device(parameters: ClipParameters) -> torch.device:
    if parameters.device == "cpu":
        if parameters.precision == "bf16" and not has_fast_bf16():
            print("this processor emulates bf16, which is slow: use precision=fp32")
        return torch.device("cpu")
    gpus, processes = torch.cuda.device_count(), int(os.environ["LOCAL_WORLD_SIZE"])
    if gpus < processes:
        raise BadInputError(
            f"device=gpu with {processes} processes on a machine with {gpus} GPUs that PyTorch can "
            "use: use fewer processes, or device=cpu"
        )
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    torch.cuda.set_device(device)
    return device


def _read_pairs(
    store: Store, task: TrainingTask, clip: Clip, group: ProcessGroup
) -> tuple[Pairs, Pairs]:
    """Return the training and the validation pairs, without covers that cannot be read."""
    labels = retry_while_unavailable(store.manifest)(Kind.LABELLED_COVERS, task.labels)
    covers = retry_while_unavailable(parent_of)(store, labels, Kind.COVERS)
    books = retry_while_unavailable(read_training_labels)(store, labels)
    books = books[books["split"] != "test"].reset_index(drop=True)
    max_bytes = int(task.parameters.cache_gib * 2**30)
    cache = CoverCache(store, covers, books, clip.image_size, max_bytes)
    # A cover that one process cannot read is left out by all of them.
    broken = np.unique(np.concatenate(group.gather(cache.broken(first=group.rank))))
    if len(broken) > task.parameters.max_broken_share * len(books):
        raise DustjacketError(
            f"{len(broken)} of {len(books)} covers of covers/{covers.version} cannot be read: "
            "ingest them again, or raise max_broken_share"
        )
    if len(broken) and group.rank == 0:
        print(f"{len(broken)} of {len(books)} covers cannot be read and are left out")
    readable = books.drop(index=broken)

    def pairs(split: str) -> Pairs:
        rows: pd.DataFrame = readable[readable["split"] == split]
        return Pairs(rows.reset_index(drop=True), ImageSubset(cache, rows.index.to_numpy()))

    return pairs("train"), pairs("validation")


def _find_checkpoint(checkpoints: Checkpoints, keys: str, group: ProcessGroup) -> Checkpoint | None:
    """Return the newest checkpoint of the same training pairs; delete those after it.

    Args:
        keys: digest of the training pairs.
    """
    version = group.broadcast(checkpoints.newest() if group.rank == 0 else None)
    checkpoint = checkpoints.read(version) if version else None
    if checkpoint is not None and checkpoint.state.pairs != keys:
        print("the readable covers differ from the checkpoint's: training restarts from step 0")
        version = checkpoint = None
    group.barrier()  # until all processes have read it
    if group.rank == 0:
        retry_while_unavailable(checkpoints.discard_after)(version)
    return checkpoint


@contextmanager
def _metric_logger(task: TrainingTask, group: ProcessGroup) -> Iterator[MetricLogger]:
    if group.rank:
        yield lambda _metrics, _step: None
        return
    # With MLflow's many retries, the logger would notice an outage only after minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    tracking.connect(task.settings)
    metric_logger = AsyncMetricLogger(task.run_id)
    try:
        yield metric_logger
    finally:
        metric_logger.close()


def _write(
    clip: Clip, draft: Draft, result: TrainingResult, validation: Pairs, task: TrainingTask
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        save(clip, Path(scratch))
        for file in Path(scratch).iterdir():
            retry_while_unavailable(draft.upload)(f"{MODEL_FOLDER}/{file.name}", file)
    if len(validation):
        figure = matches_figure(clip, validation)
        try:
            mlflow.MlflowClient().log_figure(task.run_id, figure, "matches.png")
        except Exception as error:  # noqa: BLE001  # a missing figure must not lose the training
            print(f"the figure of matches was not logged to MLflow: {error}")
    retry_while_unavailable(draft.put)(RESULT, json.dumps(asdict(result)).encode())
