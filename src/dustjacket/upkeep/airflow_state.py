"""Airflow's old rows and logs, which Airflow itself never removes."""

import json
import logging
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

from dustjacket.platform.environments import environment_file

log = logging.getLogger(__name__)

ROWS_AGE = timedelta(days=90)
"""Runs, and the events between them, that are older are removed from Airflow's database."""
LOGS_AGE = timedelta(days=90)
PARSING_AGE = timedelta(days=7)
"""Of logs of the DAG processor, which writes to them all the time."""
MAX_LOG_BYTES = 1 << 30
_IN_USE = timedelta(days=1)


def clean_rows(home: Path, now: datetime, *, apply: bool) -> str:
    """Remove old rows from Airflow's database; return what was done in one line.

    Tasks have no access to that database, so the command starts with the scheduler's environment.
    """
    file = environment_file(home, "airflow-scheduler")
    if not file.exists():
        return "Airflow's database is not the embedded one: clean it with `airflow db clean`"
    before = f"{now - ROWS_AGE:%Y-%m-%d %H:%M:%S}+00:00"
    airflow = str(Path(sys.executable).parent / "airflow")
    options = ["--clean-before-timestamp", before, *([] if apply else ["--dry-run"])]
    done = subprocess.run(
        [airflow, "db", "clean", "--yes", "--skip-archive", *options],
        env=json.loads(file.read_text()),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["it gave no reason"]
        return f"Airflow's rows before {before} stay, until the next time: {lines[-1]}"
    return f"Airflow's rows before {before} {'are removed' if apply else 'would go'}"


def old_logs(folder: Path, now: datetime) -> list[Path]:
    """Return the log files that are too old, or that make Airflow's logs too large.

    Of those that are not too old, the oldest go until ``MAX_LOG_BYTES`` are left, but none that
    was written to in the last day.

    Args:
        folder: of all logs of Airflow.
    """
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            state = path.stat()
            found.append((now.timestamp() - state.st_mtime, state.st_size, path))
    found.sort(key=lambda item: item[0], reverse=True)
    left = sum(size for _, size, _ in found)
    gone = []
    for age, size, path in found:
        parsing = path.relative_to(folder).parts[0] == "dag_processor"
        too_old = age > (PARSING_AGE if parsing else LOGS_AGE).total_seconds()
        if too_old or (left > MAX_LOG_BYTES and age > _IN_USE.total_seconds()):
            gone.append(path)
            left -= size
    return gone


def remove_logs(folder: Path, logs: list[Path]) -> None:
    """Delete log files, and the folders that are then empty."""
    for path in logs:
        path.unlink(missing_ok=True)
    for path in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
        if not path.is_symlink() and not any(path.iterdir()):
            try:
                path.rmdir()
            except OSError:  # a log was begun in it just now
                log.debug("%s is not empty", path)
