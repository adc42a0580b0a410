"""The step ``train_generator``: from labelled covers to a candidate generator."""

import json
import logging
import tempfile
from pathlib import Path

import mlflow
from pyspark.sql import SparkSession

from dustjacket.clip.distribute import run_distributed
from dustjacket.clip.starting import ensure_starting
from dustjacket.clip.step import MODEL_FOLDER, CandidateFacts, ClipFacts, ClipParameters
from dustjacket.errors import NotReadyError
from dustjacket.generation.data import too_few
from dustjacket.generation.process import (
    RESULT,
    GeneratorTask,
    generator_checkpoints,
    train_process,
)
from dustjacket.generation.step import (
    CONDITIONER_FOLDER,
    MIN_COVERS,
    GeneratorFacts,
    GeneratorParameters,
)
from dustjacket.genres.published_labels import read_training_labels
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.runs import step_run
from dustjacket.settings import WORKERS
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.parents import parent_of
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)


def train_generator(job: Job[GeneratorParameters], spark: SparkSession) -> None:
    """Train on the covers of the training split and publish a ``generator_candidate``.

    Images are embedded by the champion. Texts are embedded by the weights that its training started
    from: its own text tower was fitted to the same covers, so that their titles would be clearer
    conditions than a new title is. An interrupted training resumes from its newest checkpoint, in
    the same MLflow run.

    Raises:
        NotReadyError: there are too few covers that models may be trained on.
    """
    checkpoints = generator_checkpoints(job.store, job.plan.digest)
    if job.is_published():  # an earlier attempt ended before it discarded its checkpoints
        checkpoints.discard()
        return
    parameters, labels = job.parameters, job.input(Kind.LABELLED_COVERS)
    books = read_training_labels(job.store, labels)
    training = int((books["split"] == "train").sum())
    if training < MIN_COVERS:
        raise NotReadyError(too_few(labels.version, training))
    covers = parent_of(job.store, labels, Kind.COVERS)
    champion = job.input(Kind.COVER_CLIP) if Kind.COVER_CLIP in job.plan.inputs else None
    image = champion or ensure_starting(job.store, ClipParameters(), covers)
    text = unfitted(job.store, image)
    versions = checkpoints.versions()
    resumed_run = checkpoints.state(versions[-1]).run_id if versions else None
    with step_run(job, run_id=resumed_run, log_system_metrics=True) as run:
        log.info("training on %d covers with %d processes", training, parameters.processes)
        task = GeneratorTask(
            settings=job.settings.with_secrets_of(*WORKERS),
            parameters=parameters,
            labels=labels.version,
            text=(text.kind, text.version),
            image=(image.kind, image.version),
            encoder=ClipFacts.of(text).model,
            version=job.draft.version,
            attempt=job.draft.attempt,
            digest=job.plan.digest,
            run_id=run.info.run_id,
        )
        run_distributed(spark, parameters, train_process, task)
        _copy_text_encoder(job, text)
        trained = json.loads(job.draft.read(RESULT))
        mlflow.log_metrics({"result.text_left": trained["text_left"]})
        job.publish(
            rows={"covers": trained["covers"]},
            facts=GeneratorFacts(
                conditioner=f"{text.kind}/{text.version}",
                image_model=f"{image.kind}/{image.version}",
                run_id=run.info.run_id,
                **trained,
            ),
        )
    checkpoints.discard()


def unfitted(store: Store, model: Manifest) -> Manifest:
    """Return the weights from which a model's trainings started, first of all."""
    while model.kind != Kind.STARTING_CLIP:
        facts = CandidateFacts.of(model)
        model = store.manifest(facts.starting_kind, facts.starting_clip)
    return model


def _copy_text_encoder(job: Job[GeneratorParameters], text: Manifest) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for file in job.store.download(text, Path(scratch), f"{MODEL_FOLDER}/"):
            job.draft.upload(f"{CONDITIONER_FOLDER}/{file.name}", file)
