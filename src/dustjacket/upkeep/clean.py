"""One removal of everything that nothing needs, as the DAG and the command line make it."""

from collections.abc import Callable
from datetime import UTC, datetime

from dustjacket.storage.store import Store
from dustjacket.upkeep.airflow_state import clean_rows, old_logs, remove_logs
from dustjacket.upkeep.retention import plan_retention, remove


def retain(store: Store, keep: int, report: Callable[[str], None], *, apply: bool) -> None:
    """Remove, or only list, what nothing needs: versions, attempts, runs in MLflow, rows, logs.

    A part that fails is reported, and the next ones are done all the same; the next call does the
    rest.

    Args:
        keep: number of the newest versions of each kind to keep whole.
        report: called with each line of the outcome.
        apply: False changes nothing.
    """
    now = datetime.now(UTC)
    plan = plan_retention(store, keep, now)
    verb = "removed" if apply else "would remove"
    lines = {
        each: f"{verb} {each.what} ({_megabytes(each.size)}): {each.why}" for each in plan.removals
    }
    if apply:
        remove(store, plan.removals, lambda done: report(lines[done]))
    else:
        for line in lines.values():
            report(line)
    report(
        f"bucket: {verb} {_megabytes(plan.removed_bytes)} in {len(plan.removals)} parts; "
        f"{_megabytes(plan.kept_bytes)} stay"
    )
    if store.settings.mlflow_uri:
        # MLflow takes seconds to import.
        from dustjacket.upkeep.mlflow_runs import clean_mlflow

        try:
            for name in clean_mlflow(store.settings, plan.kept, now, apply=apply):
                report(f"MLflow: {verb} {name}")
        except Exception as error:  # noqa: BLE001  # the other parts do not depend on MLflow
            report(f"MLflow is left as it is: {str(error).splitlines()[0]}")
    home = store.settings.home
    report(clean_rows(home, now, apply=apply))
    folder = home / "airflow" / "logs"
    logs = old_logs(folder, now)
    size = sum(path.stat().st_size for path in logs)
    if apply:
        remove_logs(folder, logs)
    report(f"logs: {verb} {len(logs)} files, {_megabytes(size)}")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
