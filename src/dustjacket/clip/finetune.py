"""The step ``finetune_clip``: from labelled covers to a candidate model."""

import json
import logging

import mlflow
from pyspark.sql import SparkSession

from dustjacket.clip.checkpoints import Checkpoints
from dustjacket.clip.distribute import run_distributed
from dustjacket.clip.process import RESULT, TrainingTask, train_process
from dustjacket.clip.starting import ensure_starting
from dustjacket.clip.step import CandidateFacts, ClipParameters
from dustjacket.errors import BadInputError
from dustjacket.genres.published_labels import read_training_labels
from dustjacket.pipeline.families import CLIP
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.runs import step_run
from dustjacket.promotion.registry import ensure_champion, ensure_registered
from dustjacket.settings import WORKERS
from dustjacket.storage.parents import parent_of
from dustjacket.tracking import runs as tracking

log = logging.getLogger(__name__)


def finetune_clip(job: Job[ClipParameters], spark: SparkSession) -> None:
    """Train on the pairs of the training split and publish the result as ``clip_candidate``.

    The starting weights are registered as ``@champion`` first if there is no champion. An
    interrupted training resumes from its newest checkpoint, in the same MLflow run.

    Raises:
        BadInputError: there are fewer than two training covers per process.
    """
    if job.is_published():  # an earlier attempt ended before it discarded its checkpoints
        Checkpoints(job.store, job.plan.digest).discard()
        return
    parameters = job.parameters
    labels = job.input(Kind.LABELLED_COVERS)
    splits = read_training_labels(job.store, labels)["split"].value_counts().to_dict()
    if splits.get("train", 0) < 2 * parameters.processes:
        raise BadInputError(
            f"labelled_covers/{labels.version} has {splits.get('train', 0)} training covers, too "
            f"few for {parameters.processes} processes: ingest more covers"
        )
    covers = parent_of(job.store, labels, Kind.COVERS)
    champion = job.input(Kind.COVER_CLIP) if Kind.COVER_CLIP in job.plan.inputs else None
    starting = ensure_starting(job.store, parameters, covers, champion)
    checkpoints = Checkpoints(job.store, job.plan.digest)
    versions = checkpoints.versions()
    resumed_run = checkpoints.state(versions[-1]).run_id if versions else None
    with step_run(job, run_id=resumed_run, log_system_metrics=True) as run:
        ensure_champion(job.store, CLIP, starting)
        log.info("training on %s with %d processes", splits, parameters.processes)
        task = TrainingTask(
            settings=job.settings.with_secrets_of(*WORKERS),
            parameters=parameters,
            labels=labels.version,
            starting=(starting.kind, starting.version),
            version=job.draft.version,
            attempt=job.draft.attempt,
            digest=job.plan.digest,
            run_id=run.info.run_id,
        )
        run_distributed(spark, parameters, train_process, task)
        trained = json.loads(job.draft.read(RESULT))
        mlflow.log_metrics({f"result.{k}": v for k, v in trained.items() if v is not None})
        candidate, won = job.publish(
            rows={"pairs": trained["pairs"]},
            facts=CandidateFacts(
                model=parameters.model,
                weights=parameters.weights,
                seed=parameters.seed,
                recipe=parameters.recipe,
                processes=parameters.processes,
                epochs=parameters.epochs,
                run_id=run.info.run_id,
                starting_clip=starting.version,
                starting_kind=starting.kind,
                **trained,
            ),
        )
        if won:
            challenger = ensure_registered(job.store, CLIP, candidate)
            tracking.point_alias(challenger, tracking.CHALLENGER, report=False)
    checkpoints.discard()
