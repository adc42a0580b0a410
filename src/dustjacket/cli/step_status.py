"""``dustjacket status``: where the work of each step stands, and why."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dustjacket.cli.airflow_api import AirflowApi
from dustjacket.errors import BadInputError, DustjacketError
from dustjacket.pipeline.plan import Work, changes_since, work_of
from dustjacket.pipeline.step import Step
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import VARIABLE, TeamDefaults
from dustjacket.settings import load_settings
from dustjacket.storage.store import Store


def print_step_status(console: Console) -> None:
    """Print a table of the steps: status, current version, reason."""
    store, defaults = _platform()
    table = Table("step", "status", "version", "why", box=None, pad_edge=False)
    for step in STEPS.values():
        status, version, reason = _row(step, store, defaults)
        table.add_row(step.name, status, version, escape(reason))
    console.print(table)


def print_why(name: str, console: Console) -> None:
    """Print each input, parameter, file or module that made the work of a step new.

    Raises:
        BadInputError: no step has that name.
    """
    if name not in STEPS:
        raise BadInputError(f"no step is called {name!r}: name one of {', '.join(STEPS)}")
    step, (store, defaults) = STEPS[name], _platform()
    work = work_of(step, store, defaults)
    console.print(f"{name}: {work.status}", highlight=False)
    for reason in _reasons(step, work, store):
        console.print(f"  {escape(reason)}", soft_wrap=True, highlight=False)


def _row(step: Step, store: Store, defaults: TeamDefaults) -> tuple[str, str, str]:
    try:
        work = work_of(step, store, defaults)
    except DustjacketError as error:
        return "error", "-", str(error)
    return work.status, work.version.version if work.version else "-", work.reason


def _reasons(step: Step, work: Work, store: Store) -> list[str]:
    if work.plan is None or work.version is not None:
        return [work.reason]
    return list(changes_since(work.plan, store.newest(step.publishes)))


def _platform() -> tuple[Store, TeamDefaults]:
    settings = load_settings()
    stored = AirflowApi(settings).variable(VARIABLE)
    return Store(settings), TeamDefaults.from_json(stored) if stored else TeamDefaults()
