"""The MLflow run of a step."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mlflow

from dustjacket.pipeline.job import Job
from dustjacket.tracking.runs import connect, git_sha, log_version


@contextmanager
def step_run(job: Job[Any], **options: Any) -> Iterator[mlflow.ActiveRun]:
    """Open the parent run of a DAG run in the step's experiment; log parameters and inputs.

    Args:
        options: passed to ``mlflow.start_run``, such as the ``run_id`` of a run to resume.
    """
    connect(job.settings)
    plan = job.plan
    mlflow.set_experiment(job.step.experiment)
    tags = {
        "dag_id": plan.step,
        "dag_run_id": plan.dag_run_id or "none",
        "data_version": plan.version if not plan.inputs else next(iter(plan.inputs.values())),
        "version": plan.version,
        "git_sha": git_sha(),
        "code": plan.code,
    }
    with mlflow.start_run(run_name=plan.version, tags=tags, **options) as run:
        logged = run.data.params  # by a resumed run: MLflow rejects changes
        mlflow.log_params({n: v for n, v in plan.parameters.items() if n not in logged})
        changed = {n: v for n, v in plan.parameters.items() if logged.get(n, str(v)) != str(v)}
        mlflow.set_tags({f"resumed.{name}": value for name, value in changed.items()})
        for kind in plan.inputs:
            log_version(job.store, job.input(kind))
        yield run
