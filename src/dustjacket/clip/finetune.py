"""The step ``finetune_clip``: from labelled covers to a candidate model."""

import json
import logging

import mlflow
from pyspark.sql import SparkSession

from dustjacket import tracking
from dustjacket.clip.distribute import run_distributed
from dustjacket.clip.registry import (
    ensure_champion,
    ensure_registered,
    ensure_starting,
    set_alias,
)
from dustjacket.clip.train import RESULT, Task, train_process
from dustjacket.errors import BadInputError
from dustjacket.genres.read import read_labels
from dustjacket.job import Job
from dustjacket.parameters import ClipParameters

log = logging.getLogger(__name__)


def finetune_clip(job: Job, spark: SparkSession) -> None:
    """Train on the pairs of the training split and publish the result as ``clip_candidate``.

    The starting weights are registered as ``@champion`` first, where nothing is.

    Raises:
        BadInputError: there are fewer training covers than two a process.
    """
    parameters = ClipParameters.model_validate(job.plan.parameters)
    labels = job.input("labelled_covers")
    splits = read_labels(job.store, labels)["split"].value_counts().to_dict()
    if splits.get("train", 0) < 2 * parameters.processes:
        raise BadInputError(
            f"labelled_covers/{labels.version} has {splits.get('train', 0)} training covers, too "
            f"few for {parameters.processes} processes: ingest more covers"
        )
    starting = ensure_starting(job.store, parameters)
    with tracking.step_run(job, tracking.CLIP) as run:
        ensure_champion(job.store, starting)
        log.info("training on %s with %d processes", splits, parameters.processes)
        task = Task(
            settings=job.settings,
            parameters=parameters,
            labels=labels.version,
            starting=starting.version,
            version=job.draft.version,
            attempt=job.draft.attempt,
            run_id=run.info.run_id,
        )
        run_distributed(spark, parameters.processes, train_process, task)
        trained = json.loads(job.draft.read(RESULT))
        mlflow.log_metrics({f"result.{k}": v for k, v in trained.items() if v is not None})
        candidate, won = job.publish(
            rows={"pairs": trained["pairs"]},
            facts={
                "model": parameters.model,
                "processes": parameters.processes,
                "epochs": parameters.epochs,
                "run_id": run.info.run_id,
                "starting_clip": starting.version,
                **trained,
            },
        )
        if won:
            set_alias(ensure_registered(job.store, candidate), tracking.CHALLENGER)
