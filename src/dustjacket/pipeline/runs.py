"""The MLflow run of a step."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mlflow

from dustjacket.pipeline.job import Job
from dustjacket.pipeline.step import Step
from dustjacket.storage.manifest import Manifest
from dustjacket.tracking.links import end_runs
from dustjacket.tracking.runs import (
    connect,
    describe,
    git_sha,
    is_active,
    log_version,
    use_experiment,
)

log = logging.getLogger(__name__)

_EXPERIMENT_NOTE = """Runs of Dustjacket's steps. The name of a run is its step and its result; its
description has the figures and the reason of a choice.

To compare candidates or models, tick their runs and press *Compare*. The tag `dag_id` tells
training and evaluation apart: `tags.dag_id = "finetune_clip"`. To see one version, search for
`tags.version = "…"`."""


@contextmanager
def step_run(
    job: Job[Any], run_id: str | None = None, **options: Any
) -> Iterator[mlflow.ActiveRun]:
    """Open the parent run of a DAG run in the step's experiment; log parameters and inputs.

    Runs of earlier attempts at the same work, which were killed, are ended first.

    Args:
        run_id: a run to resume; if MLflow has lost it, a new one begins.
        options: passed to ``mlflow.start_run``.
    """
    connect(job.settings)
    plan = job.plan
    use_experiment(str(job.step.experiment), _EXPERIMENT_NOTE)
    tags = {
        "dag_id": plan.step,
        "dag_run_id": plan.dag_run_id or "none",
        "data_version": plan.version if not plan.inputs else next(iter(plan.inputs.values())),
        "version": plan.version,
        "git_sha": git_sha(),
        "code": plan.code,
    }
    if run_id and not is_active(run_id):
        log.warning("MLflow has lost the run %s: a new run begins", run_id)
        run_id = None
    end_runs(job.settings, str(job.step.experiment), plan.version, keep=run_id)
    name = plan.step.replace("_", " ")
    with mlflow.start_run(run_id, run_name=name, tags=tags, **options) as run:
        logged = run.data.params  # by a resumed run: MLflow rejects changes
        mlflow.log_params({n: v for n, v in plan.parameters.items() if n not in logged})
        changed = {n: v for n, v in plan.parameters.items() if logged.get(n, str(v)) != str(v)}
        mlflow.set_tags({f"resumed.{name}": value for name, value in changed.items()})
        for kind in plan.inputs:
            log_version(job.store, job.input(kind))
        yield run
        if job.is_published():
            manifest = job.store.manifest(job.draft.kind, job.draft.version)
            describe(*_description(job.step, manifest))


def _description(step: Step, manifest: Manifest) -> tuple[str, str]:
    """Return the name of the run that published a version, and its description as Markdown."""
    facts = step.facts.of(manifest)
    outcome = facts.outcome(manifest.parameters)
    made_from = ", ".join(f"`{kind}/{version}`" for kind, version in manifest.parents.items())
    note = [
        facts.details(manifest.parameters),
        f"Published `{manifest.kind}/{manifest.version}`"
        + (f" from {made_from}" if made_from else "")
        + (f", in the DAG run `{manifest.dag_run_id}`" if manifest.dag_run_id else ""),
    ]
    name = step.name.replace("_", " ")
    return f"{name}: {outcome}" if outcome else name, "\n\n".join(filter(None, note))
