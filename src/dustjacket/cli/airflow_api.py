"""The few calls of Airflow's REST API that running the chain takes."""

from datetime import datetime
from typing import Any

import httpx
from pydantic import BaseModel
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_exponential

from dustjacket.errors import BadInputError, DustjacketError, NotReadyError
from dustjacket.settings import Settings

ACTIVE = ("queued", "running")
_away = retry(
    retry=retry_if_exception_type(httpx.TransportError),
    stop=stop_after_delay(60),
    wait=wait_exponential(max=5),
    reraise=True,
)


class DagRun(BaseModel):
    """One run of a DAG, as Airflow tells it."""

    dag_id: str
    dag_run_id: str
    state: str
    run_after: datetime
    start_date: datetime | None = None
    end_date: datetime | None = None

    @property
    def seconds(self) -> float:
        """Time from the run's start to its end, or to now."""
        if not self.start_date:
            return 0.0
        return (
            (self.end_date or datetime.now(self.start_date.tzinfo)) - self.start_date
        ).total_seconds()


class TaskInstance(BaseModel):
    """One task of a run."""

    task_id: str
    state: str | None = None
    try_number: int = 0


class AirflowApi:
    """Airflow as its logged-in user sees it."""

    def __init__(self, settings: Settings) -> None:
        if not settings.airflow_url or not settings.airflow_password:
            raise NotReadyError(
                "no Airflow to talk to: run `dustjacket up`, or set DUSTJACKET_AIRFLOW_URL"
            )
        self._http = httpx.Client(base_url=settings.airflow_url, timeout=30)
        self._login = {
            "username": settings.airflow_user,
            "password": settings.airflow_password.get_secret_value(),
        }

    @_away
    def _call(self, method: str, path: str, **kwargs: Any) -> Any:
        reply = self._http.request(method, f"/api/v2{path}", **kwargs)
        if reply.status_code == httpx.codes.UNAUTHORIZED:
            token = self._http.post("/auth/token", json=self._login).raise_for_status().json()
            self._http.headers["Authorization"] = f"Bearer {token['access_token']}"
            reply = self._http.request(method, f"/api/v2{path}", **kwargs)
        if reply.is_error:
            said = reply.text[:500]
            if reply.status_code in (httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY):
                raise BadInputError(f"Airflow refused {path}: {said}")
            raise DustjacketError(
                f"Airflow answered {reply.status_code} to {method} {path}: {said}"
            )
        return reply.json() if reply.content else None

    def dags(self) -> dict[str, bool]:
        """Return every DAG that Airflow has read, and whether it is paused."""
        found = self._call("GET", "/dags", params={"limit": 100})["dags"]
        return {dag["dag_id"]: dag["is_paused"] for dag in found}

    def unpause(self, dag_id: str) -> None:
        """Let the DAG run."""
        self._call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def import_errors(self) -> list[str]:
        """Return why DAG files could not be read, a text each."""
        found = self._call("GET", "/importErrors", params={"limit": 100})["import_errors"]
        return [f"{error['filename']}: {error['stack_trace']}" for error in found]

    def set_variable(self, key: str, value: str, description: str) -> None:
        """Store a variable, new or not."""
        body = {"key": key, "value": value, "description": description}
        known = self._call("GET", "/variables", params={"limit": 1000})["variables"]
        if any(variable["key"] == key for variable in known):
            self._call("PATCH", f"/variables/{key}", json=body)
        else:
            self._call("POST", "/variables", json=body)

    def variable(self, key: str) -> str | None:
        """Return a variable's value, or None."""
        known = self._call("GET", "/variables", params={"limit": 1000})["variables"]
        return next((variable["value"] for variable in known if variable["key"] == key), None)

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> DagRun:
        """Start a run now.

        Raises:
            BadInputError: a parameter in ``conf`` is wrong.
        """
        body = {"logical_date": None, "conf": conf or {}}
        return DagRun.model_validate(self._call("POST", f"/dags/{dag_id}/dagRuns", json=body))

    def runs(
        self, dag_id: str = "~", since: datetime | None = None, limit: int = 100
    ) -> list[DagRun]:
        """Return the newest runs, newest first, of one DAG or all, due at or after ``since``."""
        params: dict[str, Any] = {"order_by": "-run_after", "limit": limit}
        if since:
            params["run_after_gte"] = since.isoformat()
        found = self._call("GET", f"/dags/{dag_id}/dagRuns", params=params)["dag_runs"]
        return [DagRun.model_validate(run) for run in found]

    def run(self, dag_id: str, dag_run_id: str) -> DagRun:
        """Return one run."""
        return DagRun.model_validate(self._call("GET", f"/dags/{dag_id}/dagRuns/{dag_run_id}"))

    def tasks(self, run: DagRun) -> list[TaskInstance]:
        """Return the run's tasks."""
        path = f"/dags/{run.dag_id}/dagRuns/{run.dag_run_id}/taskInstances"
        return [
            TaskInstance.model_validate(one) for one in self._call("GET", path)["task_instances"]
        ]

    def set_task_state(self, run: DagRun, task_id: str, state: str) -> None:
        """Mark a task as failed or successful, which stops it if it runs."""
        path = f"/dags/{run.dag_id}/dagRuns/{run.dag_run_id}/taskInstances/{task_id}"
        self._call("PATCH", path, json={"new_state": state})

    def clear(self, run: DagRun, task_ids: list[str]) -> None:
        """Clear tasks of a run, so that they run again."""
        body = {
            "dry_run": False,
            "dag_run_id": run.dag_run_id,
            "task_ids": task_ids,
            "only_failed": False,
        }
        self._call("POST", f"/dags/{run.dag_id}/clearTaskInstances", json=body)

    def log(self, run: DagRun, task: TaskInstance) -> list[dict[str, Any]]:
        """Return the entries of the log of the task's latest try; each has an ``event``."""
        path = (
            f"/dags/{run.dag_id}/dagRuns/{run.dag_run_id}/taskInstances/{task.task_id}"
            f"/logs/{max(task.try_number, 1)}"
        )
        content = self._call("GET", path, headers={"Accept": "application/json"})["content"]
        return [line if isinstance(line, dict) else {"event": str(line)} for line in content]

    def failure(self, run: DagRun) -> str:
        """Return in one line which task of the run failed, and why."""
        for task in self.tasks(run):
            if task.state == "failed":
                raised = [
                    cause["exc_value"]
                    for entry in self.log(run, task)
                    for cause in entry.get("error_detail") or []
                ]
                reason = raised[-1].splitlines()[0] if raised else "it left no reason; see its log"
                return f"{run.dag_id}.{task.task_id} failed: {reason}"
        return f"{run.dag_id} failed: see the run {run.dag_run_id}"
