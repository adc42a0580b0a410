"""Links from an Airflow task to the MLflow run of its version.

An earlier DAG run may have published that version. Airflow resolves the links once, in the task's
process, when the task has ended.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink

from dustjacket.pipeline.step import Step
from dustjacket.settings import load_settings
from dustjacket.tracking.links import run_page

if TYPE_CHECKING:
    from airflow.sdk.types import TaskInstanceKey


class RunLink(BaseOperatorLink):
    """Link to the MLflow run."""

    name = "MLflow run"

    def get_link(self, operator: Any, *, ti_key: "TaskInstanceKey") -> str:  # noqa: ARG002
        """Return the URL of the run, or an empty string if there is none."""
        return _page(operator.step.experiment, operator.version)


class ArtifactLink(BaseOperatorLink):
    """Link to an artifact of the MLflow run."""

    name = "Artifact"

    def __init__(self, name: str, path: str) -> None:
        self.name = name
        self._path = path

    def get_link(self, operator: Any, *, ti_key: "TaskInstanceKey") -> str:  # noqa: ARG002
        """Return the URL of the artifact, or an empty string if there is no run."""
        return _page(operator.step.experiment, operator.version, self._path)


def links_of(step: Step) -> list[BaseOperatorLink]:
    """Return the links of the task that runs a step."""
    if not step.experiment:
        return []
    return [RunLink(), *(ArtifactLink(name, path) for name, path in step.artifacts.items())]


@cache
def _page(experiment: str, version: str, artifact: str = "") -> str:
    return run_page(load_settings(), experiment, version, artifact)
