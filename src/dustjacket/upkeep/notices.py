"""Messages to people: put into a folder by whoever notices something, sent by ``notifier``.

Whoever posts a message neither waits for the network nor fails: a scheduler that waited for a mail
server would run nothing meanwhile.
"""

import hashlib
import json
import logging
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from dustjacket.settings import Settings

log = logging.getLogger(__name__)

SAME_S = 7 * 86_400
"""Within a week, a message is sent once; one that could not be sent for so long is dropped."""
MAX_WAITING = 100
_MAX_TEXT = 2000
_SENT = ".sent"
_REASONS, _RESULTS = "reasons", "results"


@dataclass(frozen=True)
class Notice:
    """A message.

    Attributes:
        key: of two messages with the same key, one is sent.
        cure: what to do about it.
        link: where to see more.
    """

    key: str
    title: str
    text: str
    cure: str = ""
    link: str = ""

    def body(self) -> str:
        """Return the text with cure and link, a line each."""
        cure = f"What to do: {self.cure}" if self.cure else ""
        return "\n".join(line for line in (self.text[:_MAX_TEXT], cure, self.link) if line)


def folder_of(settings: Settings) -> Path:
    """Return the folder of messages, which need not exist."""
    return settings.home / "notices"


def post(settings: Settings, notice: Notice) -> None:
    """Leave a message to be sent, unless the same was left in the last week. Never raises."""
    try:
        folder = folder_of(settings)
        folder.mkdir(mode=0o700, exist_ok=True)
        name = hashlib.sha256(notice.key.encode(errors="replace")).hexdigest()[:32]
        if _is_recent(folder / name) or _is_recent(folder / f"{name}{_SENT}"):
            return
        if sum(1 for _ in waiting(settings)) >= MAX_WAITING:
            log.warning("%d messages wait already: %s is dropped", MAX_WAITING, notice.title)
            return
        _write(folder / name, json.dumps(asdict(notice)))
    except Exception as error:  # noqa: BLE001  # no work may fail because of a message about it
        log.warning("the message %r cannot be left to be sent: %s", notice.title, error)


def waiting(settings: Settings) -> Iterator[tuple[Path, Notice]]:
    """Yield the messages to be sent, oldest first; what is none, or too old, is deleted."""
    folder = folder_of(settings)
    files = [path for path in folder.glob("*") if path.is_file() and "." not in path.name]
    for path in sorted(files, key=lambda path: path.stat().st_mtime):
        try:
            notice = Notice(**json.loads(path.read_text()))
        except (ValueError, TypeError):
            notice = None
        if notice and _is_recent(path):
            yield path, notice
        else:
            path.unlink(missing_ok=True)


def mark_sent(path: Path) -> None:
    """Remember that a message was sent, so that the same is not sent again within a week."""
    path.rename(path.with_name(f"{path.name}{_SENT}"))
    os.utime(path.with_name(f"{path.name}{_SENT}"))
    for old in path.parent.glob(f"*{_SENT}"):
        if not _is_recent(old):
            old.unlink(missing_ok=True)


def _is_recent(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime < SAME_S
    except FileNotFoundError:
        return False


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    part.write_text(text)
    part.rename(path)


# Reasons and results: the process of a task knows why it failed, or what it made, and the
# scheduler, which knows that its run has ended, does not.


def note_reason(settings: Settings, dag_id: str, run_id: str, task_id: str, reason: str) -> None:
    """Keep why a task failed, for the message on its run."""
    _keep(settings, _REASONS, dag_id, run_id, json.dumps([task_id, reason[:_MAX_TEXT]]))


def reason_of(settings: Settings, dag_id: str, run_id: str) -> tuple[str, str]:
    """Return the task of a run that failed last, and why; empty if it was killed."""
    try:
        file = _file_of(settings, _REASONS, dag_id, run_id)
        task_id, reason = json.loads(file.read_text())
    except (OSError, ValueError):
        return "", ""
    return task_id, reason


def note_result(settings: Settings, dag_id: str, run_id: str, text: str) -> None:
    """Keep what a run has made, for the run's note in Airflow. Never raises."""
    try:
        _keep(settings, _RESULTS, dag_id, run_id, text[:_MAX_TEXT])
    except Exception as error:  # noqa: BLE001  # no work may fail because of a note about it
        log.warning("the run %s of %s gets no note: %s", run_id, dag_id, error)


def result_of(settings: Settings, dag_id: str, run_id: str) -> str:
    """Return what a run has made, as Markdown; empty if it made nothing."""
    try:
        return _file_of(settings, _RESULTS, dag_id, run_id).read_text()
    except OSError:
        return ""


def _keep(settings: Settings, part: str, dag_id: str, run_id: str, text: str) -> None:
    folder = folder_of(settings) / part
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in folder.glob("*"):
        if not _is_recent(old):
            old.unlink(missing_ok=True)
    _write(_file_of(settings, part, dag_id, run_id), text)


def _file_of(settings: Settings, part: str, dag_id: str, run_id: str) -> Path:
    digest = hashlib.sha256(f"{dag_id}/{run_id}".encode()).hexdigest()[:32]
    return folder_of(settings) / part / digest


# Heartbeats: when a DAG last ended a run.


def note_end(settings: Settings, dag_id: str) -> None:
    """Note that a run of a DAG has ended, by which a missed one is noticed."""
    folder = folder_of(settings) / "ended"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / dag_id).touch()


def last_end(settings: Settings, dag_id: str) -> float:
    """Return when a run of a DAG ended last, in seconds since 1970; 0 if none did."""
    try:
        return (folder_of(settings) / "ended" / dag_id).stat().st_mtime
    except FileNotFoundError:
        return 0.0
