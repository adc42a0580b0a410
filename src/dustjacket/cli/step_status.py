"""``dustjacket status``: the state of each step's work, and the reason."""

from botocore.exceptions import ClientError
from rich.console import Console
from rich.table import Table

from dustjacket.cli.airflow_api import AirflowApi
from dustjacket.errors import BadInputError, DustjacketError
from dustjacket.pipeline.plan import changes_since, work_of
from dustjacket.pipeline.step import Status, Step
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import VARIABLE, TeamDefaults
from dustjacket.settings import load_settings
from dustjacket.storage.store import Store


def print_step_status(console: Console) -> None:
    """Print a table of the steps: status, current version, reason."""
    store, defaults = _platform()
    table = Table("step", "status", "version", "why", box=None, pad_edge=False)
    table.columns[2].overflow = "fold"
    for step in STEPS.values():
        status, version, reason = _row(step, store, defaults)
        table.add_row(step.name, status, version, reason)
    console.print(table)


def print_why(name: str, console: Console) -> None:
    """Print each changed input, parameter, file or module because of which a step must run.

    Raises:
        BadInputError: no step has that name.
    """
    if name not in STEPS:
        raise BadInputError(f"no step is called {name!r}: name one of {', '.join(STEPS)}")
    step, (store, defaults) = STEPS[name], _platform()
    work = work_of(step, store, defaults)
    newest = store.newest(step.publishes)
    if work.status is not Status.TO_DO or work.plan is None or newest is None:
        console.print(f"{name}: {work.status}, {work.reason}", soft_wrap=True)
        return
    console.print(f"{name}: {work.status}, since {newest.version}:", highlight=False)
    for change in changes_since(work.plan, newest):
        console.print(f"  {change}", soft_wrap=True, highlight=False)


def _row(step: Step, store: Store, defaults: TeamDefaults) -> tuple[str, str, str]:
    try:
        work = work_of(step, store, defaults)
    except (DustjacketError, ClientError, OSError) as error:
        return "error", "-", str(error)
    return work.status, work.version.version if work.version else "-", work.reason


def _platform() -> tuple[Store, TeamDefaults]:
    settings = load_settings()
    stored = AirflowApi(settings).variable(VARIABLE)
    return Store(settings), TeamDefaults.from_json(stored)
