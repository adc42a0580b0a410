"""Links that Airflow shows beside a task: to what its step left in MLflow.

A task is about one version, which another run may have made; the links are to the run that did.
Airflow asks for them once, in the task's own process, when it has ended.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink

from dustjacket.pipeline.steps import Step
from dustjacket.settings import load_settings
from dustjacket.tracking.links import run_page

if TYPE_CHECKING:
    from airflow.sdk.types import TaskInstanceKey

REPORT = "report.html"  # as evaluate_clip names it


class RunLink(BaseOperatorLink):
    """To the MLflow run."""

    name = "MLflow run"

    def get_link(self, operator: Any, *, ti_key: "TaskInstanceKey") -> str:  # noqa: ARG002
        """Return the run's page, or nothing where there is none."""
        return _page(operator.step.experiment, operator.version)


class ReportLink(BaseOperatorLink):
    """To the page that shows an evaluation, which is in its MLflow run."""

    name = "Report"

    def get_link(self, operator: Any, *, ti_key: "TaskInstanceKey") -> str:  # noqa: ARG002
        """Return where MLflow shows the page, or nothing where there is none."""
        page = _page(operator.step.experiment, operator.version)
        return page and f"{page}/artifacts/{REPORT}"


def links_of(step: Step) -> list[BaseOperatorLink]:
    """Return the links of the task that runs a step."""
    if not step.experiment:
        return []
    return [RunLink(), ReportLink()] if step.publishes == "evaluation" else [RunLink()]


@cache
def _page(experiment: str, version: str) -> str:
    return run_page(load_settings(), experiment, version)
