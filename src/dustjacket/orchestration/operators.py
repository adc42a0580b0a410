"""The operator that runs one step as a Spark job and takes all of it along when it ends."""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from dustjacket.orchestration.environment import task_settings
from dustjacket.orchestration.links import links_of
from dustjacket.orchestration.tasks import version_of
from dustjacket.pipeline.job import EXIT_BAD_INPUT, EXIT_UNCHANGED, REASON_FILE
from dustjacket.pipeline.steps import STEPS
from dustjacket.platform.process_guard import MARK, kill_attempt, lifeline

if TYPE_CHECKING:
    from airflow.sdk import Context

JOBS = Path(__file__).parents[3] / "spark_jobs"


class SparkStepOperator(SparkSubmitOperator):
    """Run ``spark_jobs/<step>.py`` for the plan that the task ``plan`` made.

    The job's environment, with the servers' credentials, is inherited and so is on no command
    line and in no rendered template. A failure is one line, the job's own reason; a wrong input
    (exit status 65) is not retried, and a job that came to nothing new (66) skips its task. However
    the task ends, its processes end with it.

    Attributes:
        step: what is run.
        version: that the run is about, once it is at work.
    """

    def __init__(self, *, step: str, plan: str = "plan", **kwargs: Any) -> None:
        super().__init__(
            application=os.fspath(Path(os.environ.get("DUSTJACKET_JOBS", JOBS)) / f"{step}.py"),
            name=step,
            conf=STEPS[step].spark,
            durable=False,
            **kwargs,
        )
        self._plan = plan
        self.step, self.version = STEPS[step], ""
        self.operator_extra_links = links_of(self.step)

    def execute(self, context: "Context") -> None:
        """Run the job to its end; skip where the plan says that its work is published."""
        planned = context["ti"].xcom_pull(task_ids=self._plan)
        self.version = version_of(planned)
        if planned["already"]:
            raise AirflowSkipException(f"published before as {planned['already']}: nothing to do")
        self.application_args = ["--plan", json.dumps(planned["plan"])]
        with lifeline(), tempfile.NamedTemporaryFile("r") as reason:
            os.environ.update(task_settings().environment())
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
                said = reason.read()
                if not said:
                    raise
                text = f"{self.task_id}: {json.loads(said)}"
                if f"Error code is: {EXIT_BAD_INPUT}." in str(error):
                    raise AirflowFailException(text) from None
                if f"Error code is: {EXIT_UNCHANGED}." in str(error):
                    raise AirflowSkipException(text) from None
                raise AirflowException(text) from None

    def on_kill(self) -> None:
        """End the job when the task is stopped: ``spark-submit`` and all that it started."""
        super().on_kill()
        if mark := os.environ.get(MARK):
            kill_attempt(mark)
