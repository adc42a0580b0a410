"""Watch the chain until the work of every step is done.

Asset events start each following step. A step is triggered here only if no event will start it, for
example after a crash, so that another run continues where the last one stopped.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from rich.console import Console

from dustjacket.cli.airflow_api import ACTIVE, AirflowApi, DagRun
from dustjacket.cli.own_runs import OwnRuns
from dustjacket.cli.progress import ProgressTable
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


class ChainResult(NamedTuple):
    """What a run of the chain left.

    Attributes:
        versions: in use, by step.
        seconds: of the runs that it waited for, by step; empty where nothing had to be done.
    """

    versions: dict[str, Manifest]
    seconds: dict[str, float]


def run_chain(
    api: AirflowApi,
    store: Store,
    defaults: TeamDefaults,
    console: Console,
    overrides: Mapping[str, dict[str, Any]],
) -> ChainResult:
    """Trigger the ingestions that have work, and wait for the chain.

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
                    versions = {name: work.version for name, work in works.items() if work.version}
                    return ChainResult(versions, own.seconds())
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
