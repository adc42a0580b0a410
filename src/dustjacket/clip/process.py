"""One of the training processes that TorchDistributor starts.

Each reads the starting weights and the covers from the store and trains; rank 0 writes the model
and its result into the draft of the new version.
"""

import hashlib
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import torch

from dustjacket.clip.checkpoints import Checkpoints, TrainingState
from dustjacket.clip.data import ImageSubset, Pairs
from dustjacket.clip.figures import matches_figure
from dustjacket.clip.images import CoverCache
from dustjacket.clip.membership import find_checkpoint, join_group, metric_logger
from dustjacket.clip.model import Clip, save
from dustjacket.clip.process_group import ProcessGroup
from dustjacket.clip.read import load_version
from dustjacket.clip.retries import retry_while_unavailable
from dustjacket.clip.step import MODEL_FOLDER, ClipParameters
from dustjacket.clip.train import DivergedError, TrainingResult, fit
from dustjacket.errors import DustjacketError
from dustjacket.genres.published_labels import read_training_labels
from dustjacket.pipeline.kinds import Kind
from dustjacket.settings import Settings
from dustjacket.storage.draft import Draft
from dustjacket.storage.parents import parent_of
from dustjacket.storage.store import Store

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
    with join_group(task.parameters) as (group, device):
        _train(task, group, device)


def _train(task: TrainingTask, group: ProcessGroup, device: torch.device) -> None:
    store, parameters = Store(task.settings), task.parameters
    starting = retry_while_unavailable(store.manifest)(*task.starting)
    clip = retry_while_unavailable(load_version)(store, starting)
    clip.model.to(device)
    training, validation = _read_pairs(store, task, clip, group)
    keys = hashlib.sha256("\n".join(training.books["key"]).encode()).hexdigest()[:12]
    checkpoints = Checkpoints(store, task.digest, parameters.keep_checkpoints)
    resume = find_checkpoint(checkpoints, keys, group)
    draft = Draft(store, Kind.CLIP_CANDIDATE, task.version, task.attempt)
    with metric_logger(task.settings, task.run_id, group) as log_metrics:
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
