"""Where MLflow shows the run that worked on a version; found without importing MLflow."""

import logging

from dustjacket.settings import Settings

log = logging.getLogger(__name__)

_PATIENCE_S = 5


def run_page(settings: Settings, experiment: str, version: str) -> str:
    """Return the address of the newest run of ``experiment`` that worked on ``version``.

    MLflow's REST API is asked, for importing MLflow takes seconds. Where it is away or knows no
    such run, the address is empty: a link is no reason to fail.
    """
    import httpx

    address = (settings.mlflow_uri or "").rstrip("/")
    if not version or not address.startswith(("http://", "https://")):
        return ""
    try:
        with httpx.Client(
            base_url=f"{address}/api/2.0/mlflow", timeout=_PATIENCE_S, trust_env=False
        ) as mlflow:
            named = {"experiment_name": experiment}
            known = mlflow.get("/experiments/get-by-name", params=named).raise_for_status().json()
            number = known["experiment"]["experiment_id"]
            wanted = {
                "experiment_ids": [number],
                "filter": f"tags.version = '{version}'",
                "order_by": ["attributes.start_time DESC"],
                "max_results": 1,
            }
            found = mlflow.post("/runs/search", json=wanted).raise_for_status().json()
            run = found["runs"][0]["info"]["run_id"]
    except (httpx.HTTPError, httpx.InvalidURL, LookupError, ValueError) as error:
        log.info("no link to MLflow: %s", type(error).__name__)  # its text may hold a password
        return ""
    # A browser has a login of its own.
    shown = str(httpx.URL(address).copy_with(userinfo=b"")).rstrip("/")
    return f"{shown}/#/experiments/{number}/runs/{run}"
