"""``dustjacket status``: the state of each step's work, and the reason."""

from datetime import datetime

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
from dustjacket.upkeep.operations import Operations


def step_rows() -> list[dict[str, str]]:
    """Return each step with its status, its current version and the reason, in their order."""
    store, defaults = _platform()
    names = ("status", "version", "reason")
    return [
        {"step": step.name, **dict(zip(names, _row(step, store, defaults), strict=True))}
        for step in STEPS.values()
    ]


def print_step_status(rows: list[dict[str, str]], console: Console) -> None:
    """Print a table of the steps: status, current version, reason."""
    table = Table("step", "status", "version", "why", box=None, pad_edge=False)
    table.columns[2].overflow = "fold"
    for row in rows:
        table.add_row(*row.values())
    console.print(table)


def print_operations(found: Operations, console: Console) -> None:
    """Print what serves since when and why, what runs, what failed last and what waits."""
    lines = [
        *(
            f"serves   {each.kind} since {_time(each.since)}: {each.result or each.version}\n"
            f"         {each.why}"
            for each in found.serving
        ),
        *(f"runs     {each.step} since {_time(each.since)}" for each in found.running),
        *(
            f"failed   {each.dag}, {_time(each.at)}: {each.reason}\n         {each.cure}"
            for each in found.failed
        ),
        *(
            f"waits    {each.version}, since {_time(each.since)}: {each.reason}\n"
            f"         {each.cure}"
            for each in found.waiting
        ),
        *(f"missing  {reason}" for reason in found.missing),
        _disk(found),
    ]
    console.print("\n" + "\n".join(lines), soft_wrap=True, highlight=False)


def _disk(found: Operations) -> str:
    total = sum(use.bytes for use in found.disk)
    recent = sum(use.bytes_of_last_week for use in found.disk)
    return (
        f"disk     {total / 1e9:.2f} GB of versions, {recent / 1e9:.2f} GB of them of the last 7 "
        f"days; {found.free_bytes / 1e9:.0f} GB of {found.total_bytes / 1e9:.0f} GB are free"
    )


def _time(at: datetime) -> str:
    return f"{at.astimezone():%d %b %H:%M}"


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
