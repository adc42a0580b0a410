"""Find the page of a version's MLflow run, without importing MLflow."""

import logging
from typing import TYPE_CHECKING

from dustjacket.settings import Settings

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

_TIMEOUT_S = 5


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


def run_page(settings: Settings, experiment: str, version: str) -> str:
    """Return the URL of the newest run of ``experiment`` that is tagged with ``version``.

    Uses MLflow's REST API, because importing MLflow takes seconds. Returns an empty string if the
    server is unavailable or has no such run: a missing link must not fail a task.
    """
    import httpx

    address = (settings.mlflow_uri or "").rstrip("/")
    if not version or not address.startswith(("http://", "https://")):
        return ""
    try:
        with rest_client(settings, timeout=_TIMEOUT_S) as mlflow:
            response = mlflow.get(
                "/experiments/get-by-name", params={"experiment_name": experiment}
            )
            experiment_id = response.raise_for_status().json()["experiment"]["experiment_id"]
            query = {
                "experiment_ids": [experiment_id],
                "filter": f"tags.version = '{version}'",
                "order_by": ["attributes.start_time DESC"],
                "max_results": 1,
            }
            response = mlflow.post("/runs/search", json=query).raise_for_status()
            run_id = response.json()["runs"][0]["info"]["run_id"]
    except (httpx.HTTPError, httpx.InvalidURL, LookupError, ValueError) as error:
        log.info(
            "no link to MLflow: %s", type(error).__name__
        )  # the message may contain a password
        return ""
    # Never show our credentials in a link: the user logs in to MLflow in the browser.
    public = str(httpx.URL(address).copy_with(userinfo=b"")).rstrip("/")
    return f"{public}/#/experiments/{experiment_id}/runs/{run_id}"
