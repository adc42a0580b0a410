"""What the runs of a chain are doing: a live table, or lines without a terminal."""

import re
import time
from datetime import datetime

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dustjacket.cli.airflow_api import AirflowApi, DagRun, TaskInstance
from dustjacket.errors import DustjacketError
from dustjacket.pipeline.steps import STEPS
from dustjacket.storage.store import Store

_STATES = {
    "running": "",
    "up_for_retry": "",
    "up_for_reschedule": " (waits for the steps before it)",
    "awaiting_input": " (waits for an approval: see Required Actions in Airflow)",
}
_STEP_OF = re.compile(r"(?:[\w.]+: )?(\S.* [\d,]+ of [\d,]+.*)", re.DOTALL)
_LIVE_S, _LINES_S = 5.0, 30.0
"""Seconds between two looks at the log of a task, which is read as a whole."""
_MAX_CHARS = 100


class ProgressTable:
    """State, duration and outcome of each DAG: a live table, or lines without a terminal."""

    def __init__(self, api: AirflowApi, console: Console) -> None:
        self._api = api
        self._console = console
        self._live = Live(console=console, refresh_per_second=2) if console.is_terminal else None
        self._printed: set[tuple[str, str]] = set()
        self._outcomes: dict[str, str] = {}
        self._notes: dict[tuple[str, str, int], tuple[float, str]] = {}

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
        # Once a run: a task that waits goes back and forth between two states.
        if not self._live and (run.dag_run_id, line) not in self._printed:
            self._printed.add((run.dag_run_id, line))
            self._console.print(f"{datetime.now():%H:%M:%S}  {line}  ({run.seconds:.0f} s)")  # noqa: DTZ005

    def _task(self, run: DagRun) -> str:
        if run.state != "running":
            return ""
        return ", ".join(
            task.task_id
            + (f" (try {task.try_number})" if task.try_number > 1 else "")
            + _STATES[task.state]
            + self._note(run, task)
            for task in self._api.tasks(run)
            if task.state in _STATES
        )

    def _note(self, run: DagRun, task: TaskInstance) -> str:
        """Return how far a task is, or why its try before failed."""
        key = (run.dag_run_id, task.task_id, task.try_number)
        read_at, note = self._notes.get(key, (0.0, ""))
        if time.monotonic() - read_at < (_LIVE_S if self._live else _LINES_S):
            return note
        try:
            found = self._progress(run, task) or self._reason(run, task)
        except DustjacketError:  # the log may be elsewhere while the task begins
            found = ""
        note = f": {found[:_MAX_CHARS]}" if found else note
        self._notes[key] = time.monotonic(), note
        return note

    def _progress(self, run: DagRun, task: TaskInstance) -> str:
        if task.state != "running":
            return ""
        return progress_in([str(line.get("event", "")) for line in self._api.log(run, task)])

    def _reason(self, run: DagRun, task: TaskInstance) -> str:
        number = task.try_number if task.state == "up_for_retry" else task.try_number - 1
        if number < 1:
            return ""
        failed = self._api.reason(run, task.model_copy(update={"try_number": number}))
        return f"try {number} failed: {failed}" if failed else ""

    def _outcome(self, run: DagRun, store: Store) -> str:
        if run.state != "success":
            return ""
        if run.dag_run_id not in self._outcomes:
            kind = STEPS[run.dag_id].publishes
            newest = store.newest(kind)
            if newest and newest.dag_run_id == run.dag_run_id:
                rows = ", ".join(f"{count:,} {label}" for label, count in newest.rows.items())
                self._outcomes[run.dag_run_id] = f"{rows or 'published'}: {newest.version}"
            else:
                in_use = f": {newest.version} is in use" if newest else ""
                self._outcomes[run.dag_run_id] = f"nothing to do{in_use}"
        return self._outcomes[run.dag_run_id]


def progress_in(events: list[str]) -> str:
    """Return the last line of a log that says how far its task is, or an empty string."""
    for event in reversed(events):
        if found := _STEP_OF.fullmatch(event.strip()):
            return found[1]
    return ""
