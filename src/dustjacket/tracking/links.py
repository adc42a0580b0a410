"""Find or end a version's MLflow run, without importing MLflow, which takes seconds."""

import logging
import time
from typing import TYPE_CHECKING, Any

from dustjacket.settings import Settings

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

_TIMEOUT_S = 5
TRAINING_VIEW = "?workflowType=machine_learning"
"""Ends an address in MLflow: without it, MLflow opens the view of GenAI applications."""


def rest_client(settings: Settings, timeout: float) -> "httpx.Client":
    """Return a client of MLflow's REST API that is logged in and uses no proxy.

    Args:
        timeout: of each request, in seconds.
    """
    import httpx

    address = (settings.mlflow_uri or "").rstrip("/")
    login = None
    if settings.mlflow_username and settings.mlflow_password:
        login = (settings.mlflow_username, settings.mlflow_password.get_secret_value())
    return httpx.Client(
        base_url=f"{address}/api/2.0/mlflow", auth=login, timeout=timeout, trust_env=False
    )


def run_page(settings: Settings, experiment: str, version: str, artifact: str = "") -> str:
    """Return the URL of the newest run of ``experiment`` that is tagged with ``version``.

    Args:
        artifact: path of a page in the run to show.

    Returns an empty string if the server is unavailable or has no such run: a missing link must not
    fail a task.
    """
    import httpx

    address = (settings.mlflow_uri or "").rstrip("/")
    if not version or not address.startswith(("http://", "https://")):
        return ""
    try:
        with rest_client(settings, timeout=_TIMEOUT_S) as mlflow:
            experiment_id = _experiment_id(mlflow, settings.named(experiment))
            runs = _search(mlflow, experiment_id, f"tags.version = '{version}'", max_results=1)
            run_id = runs[0]["info"]["run_id"]
    except (httpx.HTTPError, httpx.InvalidURL, LookupError, ValueError) as error:
        log.info(
            "no link to MLflow: %s", type(error).__name__
        )  # the message may contain a password
        return ""
    # Never show our credentials in a link: the user logs in to MLflow in the browser.
    public = str(httpx.URL(address).copy_with(userinfo=b"")).rstrip("/")
    page = f"{public}/#/experiments/{experiment_id}/runs/{run_id}"
    return f"{page}{f'/artifacts/{artifact}' if artifact else ''}{TRAINING_VIEW}"


def end_runs(settings: Settings, experiment: str, version: str, keep: str | None = None) -> None:
    """End as killed all runs that still run on a version's work, and their child runs.

    The process of such a run was killed before it could end it. A server that does not answer is
    logged: the next run of the same work ends them.

    Args:
        version: of a plan; runs on versions with the same digest do the same work.
        keep: id of a run that goes on.
    """
    import httpx

    if not (settings.mlflow_uri or "").startswith(("http://", "https://")):
        return
    digest = version.rpartition("-")[2]
    running = "attributes.status = 'RUNNING'"
    try:
        with rest_client(settings, timeout=_TIMEOUT_S) as mlflow:
            experiment_id = _experiment_id(mlflow, settings.named(experiment))
            runs = _search(mlflow, experiment_id, f"tags.version LIKE '%-{digest}' AND {running}")
            for run_id in [run["info"]["run_id"] for run in runs]:
                if run_id == keep:
                    continue
                parent = f"tags.`mlflow.parentRunId` = '{run_id}' AND {running}"
                children = _search(mlflow, experiment_id, parent)
                for ended in [*(child["info"]["run_id"] for child in children), run_id]:
                    now = time.time_ns() // 1_000_000
                    end = {"run_id": ended, "status": "KILLED", "end_time": now}
                    mlflow.post("/runs/update", json=end).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL, LookupError, ValueError) as error:
        log.info("no run in MLflow is ended: %s", type(error).__name__)


def _experiment_id(mlflow: "httpx.Client", name: str) -> str:
    reply = mlflow.get("/experiments/get-by-name", params={"experiment_name": name})
    return str(reply.raise_for_status().json()["experiment"]["experiment_id"])


def _search(
    mlflow: "httpx.Client", experiment_id: str, condition: str, max_results: int = 1000
) -> list[dict[str, Any]]:
    """Return the runs that meet a condition, newest first."""
    query = {
        "experiment_ids": [experiment_id],
        "filter": condition,
        "order_by": ["attributes.start_time DESC"],
        "max_results": max_results,
    }
    reply = mlflow.post("/runs/search", json=query).raise_for_status().json()
    runs: list[dict[str, Any]] = reply.get("runs", [])
    return runs
