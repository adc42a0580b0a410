"""Watch the chain until the work of every step is done.

Asset events start each following step. A step is triggered here only if no event will start it, for
example after a crash, so that another run continues where the last one stopped.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dustjacket.cli.airflow_api import ACTIVE, AirflowApi, DagRun
from dustjacket.cli.own_runs import OwnRuns
from dustjacket.errors import DustjacketError
from dustjacket.pipeline.plan import Work, work_of
from dustjacket.pipeline.step import Status
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

_POLL_S = 2.0
# An Asset event becomes a run within a few seconds; a step idle longer will not start by itself.
_SETTLED_S = 10.0


def run_chain(
    api: AirflowApi,
    store: Store,
    defaults: TeamDefaults,
    console: Console,
    overrides: Mapping[str, dict[str, Any]],
) -> dict[str, Manifest]:
    """Trigger the ingestions that have work, wait for the chain, return each step's version.

    Only own runs are waited for: those triggered here, and those that their data caused. Where the
    work of every step is published, no run is triggered.

    Args:
        overrides: parameters, by step, of the runs that are triggered here.

    Raises:
        DustjacketError: a step failed; the message names its task and the reason.
    """
    own = OwnRuns(api, store, since=datetime.now(UTC))
    sources = {step.name for step in STEPS.values() if step.has_source}
    for name in STEPS:
        if name in sources and _needs_trigger(work_of(STEPS[name], store, defaults)):
            own.add(api.trigger(name, overrides.get(name)))
    progress = ProgressTable(api, console)
    triggered: set[str] = set()
    quiet_since: float | None = None
    with progress:
        while True:
            runs = own.latest()
            progress.show(runs, store)
            for run in runs.values():
                if run.state == "failed":
                    raise DustjacketError(api.failure(run))
            if any(run.state in ACTIVE for run in runs.values()):
                quiet_since = None
            # To know where work stands, sources are read: once as runs end, once it has settled.
            elif quiet_since is None or time.monotonic() - quiet_since > _SETTLED_S:
                works = {name: work_of(step, store, defaults) for name, step in STEPS.items()}
                behind = next(
                    (
                        name
                        for name, work in works.items()
                        if _needs_trigger(work, name in runs or name in sources, name in triggered)
                    ),
                    None,
                )
                if behind is None:
                    return {name: work.version for name, work in works.items() if work.version}
                if quiet_since is None:
                    quiet_since = time.monotonic()
                elif behind in triggered:
                    raise DustjacketError(
                        f"{behind} ran, but its work is not done: {works[behind].reason}; "
                        "see the log of its last run in Airflow"
                    )
                else:
                    triggered.add(behind)
                    own.add(api.trigger(behind, overrides.get(behind)))
                    quiet_since = None
            time.sleep(_POLL_S)


def _needs_trigger(work: Work, has_run: bool = False, triggered: bool = False) -> bool:
    """Return whether a step has to be triggered here.

    Rows that could not be fetched, and a decision that does not count, are tried once more in a run
    of the chain, not for ever.
    """
    if work.status is Status.RETRIABLE:
        return not has_run
    if work.status is Status.SUPERSEDED:
        return not triggered
    return not work.is_current


class ProgressTable:
    """State, duration and outcome of each DAG: a live table, or lines without a terminal."""

    def __init__(self, api: AirflowApi, console: Console) -> None:
        self._api = api
        self._console = console
        self._live = Live(console=console, refresh_per_second=2) if console.is_terminal else None
        self._printed: dict[str, str] = {}
        self._outcomes: dict[str, str] = {}

    def __enter__(self) -> "ProgressTable":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, runs: dict[str, DagRun], store: Store) -> None:
        """Show the latest run of each DAG."""
        table = Table("DAG", "state", "task", "time", "outcome", box=None, pad_edge=False)
        for name in STEPS:
            run = runs.get(name)
            if run is None:
                table.add_row(name, Text("waits", "dim"), "", "", "")
                continue
            task = self._task(run)
            outcome = self._outcome(run, store)
            table.add_row(name, run.state, task, f"{run.seconds:.0f} s", outcome)
            self._print_line(name, run, task, outcome)
        if self._live:
            self._live.update(table)

    def _print_line(self, name: str, run: DagRun, task: str, outcome: str) -> None:
        line = f"{name} {run.state}" + (f": {task or outcome}" if task or outcome else "")
        if not self._live and self._printed.get(name) != line:
            self._printed[name] = line
            self._console.print(f"{datetime.now():%H:%M:%S}  {line}  ({run.seconds:.0f} s)")  # noqa: DTZ005

    def _task(self, run: DagRun) -> str:
        if run.state != "running":
            return ""
        notes = {
            "running": "",
            "up_for_retry": "",
            "up_for_reschedule": " (waits for the steps before it)",
            "awaiting_input": " (waits for an approval: see Required Actions in Airflow)",
        }
        return ", ".join(
            task.task_id
            + (f" (try {task.try_number})" if task.try_number > 1 else "")
            + notes[task.state]
            for task in self._api.tasks(run)
            if task.state in notes
        )

    def _outcome(self, run: DagRun, store: Store) -> str:
        if run.state != "success":
            return ""
        if run.dag_run_id not in self._outcomes:
            kind = STEPS[run.dag_id].publishes
            newest = store.newest(kind)
            if newest and newest.dag_run_id == run.dag_run_id:
                rows = ", ".join(f"{count:,} {label}" for label, count in newest.rows.items())
                self._outcomes[run.dag_run_id] = f"published {newest.version} {rows}"
            else:
                in_use = f", {newest.version} is in use" if newest else ""
                self._outcomes[run.dag_run_id] = f"nothing to do{in_use}"
        return self._outcomes[run.dag_run_id]


def wait_for_run(api: AirflowApi, run: DagRun) -> None:
    """Wait until a run has ended.

    Raises:
        DustjacketError: the run failed; the message names its task and the reason.
    """
    while (current := api.run(run.dag_id, run.dag_run_id)).state in ACTIVE:
        time.sleep(_POLL_S)
    if current.state == "failed":
        raise DustjacketError(api.failure(current))


def wait_for_dags(api: AirflowApi, report: Callable[[str], None], timeout_s: float = 120) -> None:
    """Wait until Airflow has parsed every DAG of the chain, and unpause each.

    Raises:
        DustjacketError: a DAG file cannot be parsed, or the timeout expired.
    """
    deadline = time.monotonic() + timeout_s
    while missing := [name for name in STEPS if name not in api.dags()]:
        if errors := api.import_errors():
            raise DustjacketError(
                f"Airflow cannot parse a DAG: {errors[0].strip().splitlines()[-1]}"
            )
        if time.monotonic() > deadline:
            raise DustjacketError(
                f"Airflow has not parsed {missing} in {timeout_s:.0f} s: see its logs"
            )
        report(f"waiting for Airflow to parse {len(missing)} DAGs")
        time.sleep(_POLL_S)
    for name, paused in api.dags().items():
        if paused and name in STEPS:
            api.unpause(name)
