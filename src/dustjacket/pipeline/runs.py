"""The MLflow run of a step."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mlflow

from dustjacket.pipeline.job import Job
from dustjacket.tracking.links import end_runs
from dustjacket.tracking.runs import connect, git_sha, is_active, log_version, use_experiment

log = logging.getLogger(__name__)


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
    use_experiment(str(job.step.experiment))
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
    with mlflow.start_run(run_id, run_name=plan.version, tags=tags, **options) as run:
        logged = run.data.params  # by a resumed run: MLflow rejects changes
        mlflow.log_params({n: v for n, v in plan.parameters.items() if n not in logged})
        changed = {n: v for n, v in plan.parameters.items() if logged.get(n, str(v)) != str(v)}
        mlflow.set_tags({f"resumed.{name}": value for name, value in changed.items()})
        for kind in plan.inputs:
            log_version(job.store, job.input(kind))
        yield run
