"""Drive the chain until the newest version of every step stands on the newest of its inputs.

Assets make one step follow another; this only watches, and starts a step itself where no event
is left to start it (after a crash, say), so that running again continues where a run stopped.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from dustjacket.cli.airflow_api import ACTIVE, AirflowApi, DagRun
from dustjacket.errors import DustjacketError
from dustjacket.pipeline.steps import STEPS, Plan, plan_step, published
from dustjacket.pipeline.team_defaults import Profile
from dustjacket.promotion.ledger import Ledger
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

_POLL_S = 2.0
# An Asset event becomes a run within a few seconds; a step idle longer will not start by itself.
_SETTLED_S = 10.0


def current_versions(store: Store, profile: Profile) -> dict[str, Manifest | None]:
    """Return, for each step, the version that holds its work on the newest inputs, or None.

    An evaluation's work is done when the ledger has heard of it.
    """
    found: dict[str, Manifest | None] = {}
    for step in STEPS.values():
        plan = plan_step(step, store, profile, run_after=datetime.now(UTC))
        done = published(plan, store) if isinstance(plan, Plan) else None
        told = done and (done.kind != "evaluation" or Ledger(store).of(done))
        found[step.name] = done if told else None
    return found


def run_chain(
    api: AirflowApi,
    store: Store,
    profile: Profile,
    console: Console,
    given: Mapping[str, dict[str, Any]],
) -> dict[str, Manifest]:
    """Trigger ingestion, follow the chain to its end and return each step's current version.

    Args:
        given: parameters by step for the runs that are triggered here alone.

    Raises:
        DustjacketError: a step failed; the text names its task and the reason.
    """
    since = datetime.now(UTC)
    for step in STEPS.values():
        if step.has_source:
            api.trigger(step.name, given.get(step.name))
    board = ProgressTable(api, console)
    started: set[str] = set()
    quiet_since = time.monotonic()
    with board:
        while True:
            runs = _latest(api, since)
            board.show(runs, store)
            for run in runs.values():
                if run.state == "failed":
                    raise DustjacketError(api.failure(run))
            if any(run.state in ACTIVE for run in runs.values()):
                quiet_since = time.monotonic()
            elif time.monotonic() - quiet_since > _SETTLED_S:
                versions = current_versions(store, profile)
                behind = next((name for name, version in versions.items() if version is None), None)
                if behind is None:
                    return {name: version for name, version in versions.items() if version}
                if behind in started:
                    raise DustjacketError(f"{behind} ran but published nothing: see its log")
                started.add(behind)
                api.trigger(behind, given.get(behind))
                quiet_since = time.monotonic()
            time.sleep(_POLL_S)


def _latest(api: AirflowApi, since: datetime) -> dict[str, DagRun]:
    latest: dict[str, DagRun] = {}
    for run in api.runs(since=since):
        known = latest.get(run.dag_id)
        if known is None or (run.state in ACTIVE and known.state not in ACTIVE):
            latest[run.dag_id] = run
    return latest


class ProgressTable:
    """What runs, for how long, and what it did: a live table, or lines without a terminal."""

    def __init__(self, api: AirflowApi, console: Console) -> None:
        self._api = api
        self._console = console
        self._live = Live(console=console, refresh_per_second=2) if console.is_terminal else None
        self._said: dict[str, str] = {}
        self._done: dict[str, str] = {}

    def __enter__(self) -> "ProgressTable":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, runs: dict[str, DagRun], store: Store) -> None:
        """Show the latest run of each DAG."""
        table = Table("DAG", "state", "task", "time", "what it did", box=None, pad_edge=False)
        for name in STEPS:
            run = runs.get(name)
            if run is None:
                table.add_row(name, "[dim]waits[/dim]", "", "", "")
                continue
            task = self._task(run)
            did = self._outcome(run, store)
            table.add_row(name, run.state, task, f"{run.seconds:.0f} s", did)
            self._say(name, run, task, did)
        if self._live:
            self._live.update(table)

    def _say(self, name: str, run: DagRun, task: str, did: str) -> None:
        line = f"{name} {run.state}" + (f": {task or did}" if task or did else "")
        if not self._live and self._said.get(name) != line:
            self._said[name] = line
            self._console.print(f"{datetime.now():%H:%M:%S}  {line}  ({run.seconds:.0f} s)")  # noqa: DTZ005

    def _task(self, run: DagRun) -> str:
        if run.state != "running":
            return ""
        told = {
            "running": "",
            "up_for_retry": "",
            "awaiting_input": " (waits for a person, in Airflow's Required Actions)",
        }
        return ", ".join(
            task.task_id
            + (f" (try {task.try_number})" if task.try_number > 1 else "")
            + told[task.state]
            for task in self._api.tasks(run)
            if task.state in told
        )

    def _outcome(self, run: DagRun, store: Store) -> str:
        if run.state != "success":
            return ""
        if run.dag_run_id not in self._done:
            kind = STEPS[run.dag_id].publishes
            newest = store.newest(kind)
            if newest and newest.dag_run_id == run.dag_run_id:
                rows = ", ".join(f"{count:,} {what}" for what, count in newest.rows.items())
                self._done[run.dag_run_id] = f"published {newest.version} {rows}"
            else:
                self._done[run.dag_run_id] = "nothing to do"
        return self._done[run.dag_run_id]


def wait_for_run(api: AirflowApi, run: DagRun) -> None:
    """Wait until a run is over.

    Raises:
        DustjacketError: it failed; the text names its task and the reason.
    """
    while (now := api.run(run.dag_id, run.dag_run_id)).state in ACTIVE:
        time.sleep(_POLL_S)
    if now.state == "failed":
        raise DustjacketError(api.failure(now))


def wait_for_dags(api: AirflowApi, tell: Callable[[str], None], timeout_s: float = 120) -> None:
    """Wait until Airflow has read every DAG of the chain, and let each run.

    Raises:
        DustjacketError: a DAG file cannot be read, or the time is over.
    """
    deadline = time.monotonic() + timeout_s
    while missing := [name for name in STEPS if name not in api.dags()]:
        if errors := api.import_errors():
            raise DustjacketError(
                f"Airflow cannot read a DAG: {errors[0].strip().splitlines()[-1]}"
            )
        if time.monotonic() > deadline:
            raise DustjacketError(
                f"Airflow has not read {missing} in {timeout_s:.0f} s: see its logs"
            )
        tell(f"waiting for Airflow to read {len(missing)} DAGs")
        time.sleep(_POLL_S)
    for name, paused in api.dags().items():
        if paused and name in STEPS:
            api.unpause(name)
