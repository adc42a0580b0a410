"""The operator that runs one step as a Spark job, and kills its processes when the task ends."""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from dustjacket.orchestration.environment import task_settings
from dustjacket.orchestration.job_log import JobLog
from dustjacket.orchestration.links import links_of
from dustjacket.orchestration.tasks import version_of
from dustjacket.pipeline.job import EXIT_BAD_INPUT, EXIT_UNCHANGED, REASON_FILE
from dustjacket.pipeline.steps import STEPS
from dustjacket.platform.environments import AIRFLOW_SECRETS
from dustjacket.platform.process_guard import MARK, kill_attempt, process_guard
from dustjacket.platform.spark_files import job_variables, properties_file
from dustjacket.settings import WORKERS, load_settings, project_folder
from dustjacket.tracking.links import end_runs

if TYPE_CHECKING:
    from airflow.providers.apache.spark.hooks.spark_submit import SparkSubmitHook
    from airflow.sdk import Context

JOB = "run_step.py"


class SparkStepOperator(SparkSubmitOperator):
    """Run a step's Spark job for the plan that the task ``plan`` made.

    The job inherits the servers' credentials through the environment, so that no command line or
    rendered template shows them. A failure is logged as one line: the job's reason. Bad input (exit
    status 65) is not retried; if there is nothing new to publish (66), the task is skipped. However
    the task ends, its processes are killed.

    Attributes:
        version: the version that the job publishes; set at the start of ``execute``.
    """

    def __init__(self, *, step: str, plan: str = "plan", **kwargs: Any) -> None:
        super().__init__(
            application=os.fspath(
                Path(os.environ.get("DUSTJACKET_JOBS") or project_folder("spark_jobs")) / JOB
            ),
            name=step,
            conf=STEPS[step].spark,
            durable=False,
            **kwargs,
        )
        self._plan = plan
        self.step, self.version = STEPS[step], ""
        self.operator_extra_links = links_of(self.step)

    def execute(self, context: "Context") -> None:
        """Run the job, or skip the task if the work of its plan is published already."""
        planned = context["ti"].xcom_pull(task_ids=self._plan)
        self.version = version_of(planned)
        if planned["published"]:
            raise AirflowSkipException(f"{planned['reason']}: nothing to do")
        self.application_args = ["--plan", json.dumps(planned["plan"])]
        with process_guard(), tempfile.NamedTemporaryFile("r") as reason:
            for name in AIRFLOW_SECRETS:
                os.environ.pop(name, None)
            settings = task_settings()
            os.environ.update(settings.with_secrets_of(*WORKERS).environment())
            if variables := job_variables(settings):
                os.environ.update(variables)
                self.properties_file = os.fspath(properties_file(settings))
            os.environ.update(
                {
                    REASON_FILE: reason.name,
                    "PYSPARK_PYTHON": sys.executable,
                    "PYSPARK_DRIVER_PYTHON": sys.executable,
                }
            )
            try:
                super().execute(context)
            except AirflowException as error:
                reason_json = reason.read()
                if not reason_json:
                    raise
                text = f"{self.task_id}: {json.loads(reason_json)}"
                if f"Error code is: {EXIT_BAD_INPUT}." in str(error):
                    raise AirflowFailException(text) from None
                if f"Error code is: {EXIT_UNCHANGED}." in str(error):
                    raise AirflowSkipException(text) from None
                raise AirflowException(text) from None

    def _get_hook(self) -> "SparkSubmitHook":
        hook = super()._get_hook()
        hook._log = JobLog(hook.log)
        return hook

    def on_kill(self) -> None:
        """Kill ``spark-submit`` and its child processes when the task is stopped; end the run."""
        super().on_kill()
        if mark := os.environ.get(MARK):
            kill_attempt(mark)
        if self.step.experiment and self.version:
            end_runs(load_settings(), self.step.experiment, self.version)
