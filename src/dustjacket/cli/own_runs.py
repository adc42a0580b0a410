"""The runs that belong to one ``dustjacket run``: those it triggered, and those their data caused.

Others may work on the same platform: their runs are neither waited for nor reported.
"""

from datetime import datetime

from dustjacket.cli.airflow_api import ACTIVE, AirflowApi, DagRun
from dustjacket.pipeline.steps import STEPS
from dustjacket.storage.store import Store

_ORDER = {"queued": 1, "running": 2}


class OwnRuns:
    """Own runs since a moment, found by the versions that they are about.

    A run that an event started has the announced version as its partition key. It is an own run if
    that is the version of an own source, or one that an own run published.
    """

    def __init__(self, api: AirflowApi, store: Store, since: datetime) -> None:
        self._api, self._store, self._since = api, store, since
        self._runs: dict[tuple[str, str], DagRun] = {}
        self._versions: set[str] = set()
        self._ended: set[tuple[str, str]] = set()

    def add(self, run: DagRun) -> None:
        """Add a run that was triggered here."""
        self._runs[run.dag_id, run.dag_run_id] = run

    def latest(self) -> dict[str, DagRun]:
        """Return the latest own run of each DAG: of those running, then queued, then ended."""
        self._refresh()
        runs = sorted(
            self._runs.values(), key=lambda run: (_ORDER.get(run.state, 0), run.run_after)
        )
        return {run.dag_id: run for run in runs}

    def seconds(self) -> dict[str, float]:
        """Return how long the own runs of each DAG took together."""
        total: dict[str, float] = {}
        for run in self._runs.values():
            total[run.dag_id] = round(total.get(run.dag_id, 0.0) + run.seconds, 1)
        return total

    def _refresh(self) -> None:
        recent = {(run.dag_id, run.dag_run_id): run for run in self._api.runs(since=self._since)}
        for key, run in self._runs.items():
            # Many runs of others may hide a long one of ours.
            if run.state in ACTIVE:
                self._runs[key] = recent.get(key) or self._api.run(*key)
        while True:
            for key, run in self._runs.items():
                if run.state == "success" and run.dag_id in STEPS and key not in self._ended:
                    self._ended.add(key)
                    self._versions |= self._versions_of(run)
            caused = {
                key: run
                for key, run in recent.items()
                if run.partition_key in self._versions and key not in self._runs
            }
            if not caused:
                return
            self._runs |= caused

    def _versions_of(self, run: DagRun) -> set[str]:
        """Return the version that a run published or found in use, and what it promoted."""
        step = STEPS[run.dag_id]
        newest = self._store.newest_named(step.publishes)
        promoted = step.promotes_to and self._store.newest_named(step.promotes_to)
        versions = {newest[0]} if newest else set()
        if promoted and promoted[1].dag_run_id == run.dag_run_id:
            versions.add(promoted[0])
        return versions
