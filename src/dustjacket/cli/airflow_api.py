"""A client of Airflow's REST API: the calls that `dustjacket run` and `rollback` need."""

import secrets
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import BaseModel
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_exponential

from dustjacket.errors import BadInputError, DustjacketError, NotReadyError
from dustjacket.pipeline.steps import STEPS
from dustjacket.settings import Settings

ACTIVE = ("queued", "running")
# A server on a machine that trains models beside it may take a minute to answer.
_TIMEOUT = httpx.Timeout(60, connect=10)
_retry_while_unreachable = retry(
    retry=retry_if_exception_type(httpx.TransportError),
    stop=stop_after_delay(180),
    wait=wait_exponential(max=5),
    reraise=True,
)


class _ExistsError(DustjacketError):
    """What a request creates exists: by its first try, if that got no answer."""


class DagRun(BaseModel):
    """One run of a DAG, as Airflow reports it."""

    dag_id: str
    dag_run_id: str
    state: str
    run_after: datetime
    partition_key: str | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None

    @property
    def seconds(self) -> float:
        """Time from the run's start to its end, or to now; 0 before it starts."""
        if not self.start_date:
            return 0.0
        end = self.end_date or datetime.now(self.start_date.tzinfo)
        return (end - self.start_date).total_seconds()


class TaskInstance(BaseModel):
    """One task of a DAG run."""

    task_id: str
    state: str | None = None
    try_number: int = 0


class AirflowApi:
    """Airflow's REST API, as the configured user."""

    def __init__(self, settings: Settings) -> None:
        """Prepare the client; it logs in at the first call that needs it.

        Raises:
            NotReadyError: no Airflow is configured.
        """
        if not settings.airflow_url or not settings.airflow_password:
            raise NotReadyError(
                "no Airflow is configured: run `dustjacket up`, or set DUSTJACKET_AIRFLOW_URL and "
                "DUSTJACKET_AIRFLOW_PASSWORD"
            )
        # A proxy of the environment would see the password.
        self._http = httpx.Client(base_url=settings.airflow_url, timeout=_TIMEOUT, trust_env=False)
        self._login = {
            "username": settings.airflow_user,
            "password": settings.airflow_password.get_secret_value(),
        }

    @_retry_while_unreachable
    def _call(self, method: str, path: str, **kwargs: Any) -> Any:
        """Send a request; one that gets no answer is sent again, so it must be safe to repeat."""
        reply = self._http.request(method, f"/api/v2{path}", **kwargs)
        if reply.status_code == httpx.codes.UNAUTHORIZED:
            self._http.headers["Authorization"] = f"Bearer {self._token()}"
            reply = self._http.request(method, f"/api/v2{path}", **kwargs)
        if reply.is_error:
            detail = reply.text[:500]
            if reply.status_code == httpx.codes.FORBIDDEN:
                detail = f"the role of {self._login['username']!r} does not allow it"
            if reply.status_code in (httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY):
                raise BadInputError(f"Airflow refused {path}: {detail}")
            error = _ExistsError if reply.status_code == httpx.codes.CONFLICT else DustjacketError
            raise error(f"Airflow answered {reply.status_code} to {method} {path}: {detail}")
        return reply.json() if reply.content else None

    def _token(self) -> str:
        reply = self._http.post("/auth/token", json=self._login)
        if reply.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.TOO_MANY_REQUESTS):
            cure = (
                "check DUSTJACKET_AIRFLOW_USER and DUSTJACKET_AIRFLOW_PASSWORD"
                if reply.status_code == httpx.codes.UNAUTHORIZED
                else "too many wrong passwords were sent for it, try again in a minute"
            )
            raise DustjacketError(
                f"Airflow refused the login of {self._login['username']!r}: {cure}"
            )
        token: str = reply.raise_for_status().json()["access_token"]
        return token

    def dags(self) -> dict[str, bool]:
        """Return the ids of all DAGs that Airflow has parsed, and whether each is paused."""
        dags = self._call("GET", "/dags", params={"limit": 100})["dags"]
        return {dag["dag_id"]: dag["is_paused"] for dag in dags}

    def unpause(self, dag_id: str) -> None:
        """Unpause a DAG."""
        self._call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def import_errors(self) -> list[str]:
        """Return the file name and stack trace of each DAG file that cannot be imported."""
        errors = self._call("GET", "/importErrors", params={"limit": 100})["import_errors"]
        return [f"{error['filename']}: {error['stack_trace']}" for error in errors]

    def set_variable(self, key: str, value: str, description: str) -> None:
        """Create or update a variable."""
        body = {"key": key, "value": value, "description": description}
        try:
            self._call("POST", "/variables", json=body)
        except _ExistsError:
            self._call("PATCH", f"/variables/{key}", json=body)

    def variable(self, key: str) -> str | None:
        """Return a variable's value, or None if it is not set."""
        variables = self._call("GET", "/variables", params={"limit": 1000})["variables"]
        return {variable["key"]: variable["value"] for variable in variables}.get(key)

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> DagRun:
        """Start a run now, with the parameters in ``conf``.

        The switches of a step's form are ``on`` or ``off``; here they are True or False.

        Raises:
            BadInputError: Airflow refused a parameter.
        """
        given = conf or {}
        if dag_id in STEPS:
            switch = {True: "on", False: "off"}
            given = {n: switch[v] if isinstance(v, bool) else v for n, v in given.items()}
        # With an id of ours, a request that is sent again starts no second run.
        run_id = f"manual__{datetime.now(UTC).isoformat()}_{secrets.token_hex(4)}"
        body = {"dag_run_id": run_id, "logical_date": None, "conf": given}
        try:
            return DagRun.model_validate(self._call("POST", f"/dags/{dag_id}/dagRuns", json=body))
        except _ExistsError:
            return self.run(dag_id, run_id)

    def runs(
        self, dag_id: str = "~", since: datetime | None = None, limit: int = 100
    ) -> list[DagRun]:
        """Return runs that were due at or after ``since``, newest first.

        Args:
            dag_id: the DAG; ``~`` for all DAGs.
            since: None for any time.
            limit: maximum number of runs.
        """
        params: dict[str, Any] = {"order_by": "-run_after", "limit": limit}
        if since:
            params["run_after_gte"] = since.isoformat()
        runs = self._call("GET", f"/dags/{dag_id}/dagRuns", params=params)["dag_runs"]
        return [DagRun.model_validate(run) for run in runs]

    def run(self, dag_id: str, dag_run_id: str) -> DagRun:
        """Return one run."""
        return DagRun.model_validate(self._call("GET", f"/dags/{dag_id}/dagRuns/{dag_run_id}"))

    def tasks(self, run: DagRun) -> list[TaskInstance]:
        """Return the run's tasks."""
        path = f"/dags/{run.dag_id}/dagRuns/{run.dag_run_id}/taskInstances"
        tasks = self._call("GET", path)["task_instances"]
        return [TaskInstance.model_validate(task) for task in tasks]

    def log(self, run: DagRun, task: TaskInstance) -> list[dict[str, Any]]:
        """Return the log entries of the task's latest try; each has the key ``event``."""
        path = (
            f"/dags/{run.dag_id}/dagRuns/{run.dag_run_id}/taskInstances/{task.task_id}"
            f"/logs/{max(task.try_number, 1)}"
        )
        content = self._call("GET", path, headers={"Accept": "application/json"})["content"]
        return [line if isinstance(line, dict) else {"event": str(line)} for line in content]

    def failure(self, run: DagRun) -> str:
        """Return one line: which task of a failed run failed, and why."""
        for task in self.tasks(run):
            if task.state == "failed":
                reason = self.reason(run, task)
                log = f"log: {self._page(run)}/tasks/{task.task_id}?try_number={task.try_number}"
                return f"{run.dag_id}.{task.task_id} failed: {reason or 'it left no reason'}; {log}"
        return f"{run.dag_id} failed: see {self._page(run)}"

    def reason(self, run: DagRun, task: TaskInstance) -> str:
        """Return why a try of a task failed, in one line, or an empty string."""
        causes = [
            cause["exc_value"]
            for entry in self.log(run, task)
            for cause in entry.get("error_detail") or []
        ]
        lines = causes[-1].splitlines() if causes else []
        return str(lines[0]) if lines else ""

    def _page(self, run: DagRun) -> str:
        address = str(self._http.base_url.copy_with(userinfo=b"")).rstrip("/")
        return f"{address}/dags/{run.dag_id}/runs/{quote(run.dag_run_id, safe='')}"
