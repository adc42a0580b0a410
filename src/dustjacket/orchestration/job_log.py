"""The log of a job inside the log of its task: each line with the level that the job gave it."""

import re
from typing import Any

_LINE = re.compile(
    r"(?:\d{2}(?:\d{2}-\d{2}-\d{2}[ T])?[\d:.,/ ]* )?"  # a time, which Airflow states too
    r"(DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL) (.*)",
    re.DOTALL,
)
_METHODS = {"warn": "warning", "fatal": "critical"}


def level_and_text(line: str) -> tuple[str, str]:
    """Return the level of a line of a job (the name of a logger's method), and its text.

    A line without a level, such as one of a trace, is information.
    """
    if found := _LINE.fullmatch(line):
        level = found[1].lower()
        return _METHODS.get(level, level), found[2]
    return "info", line


class JobLog:
    """A logger that logs what is information to Airflow at the level that the line states."""

    def __init__(self, log: Any) -> None:
        self._log = log

    def info(self, line: str, *values: Any) -> None:
        """Log a line of the job, or a message of the hook."""
        if values:
            self._log.info(line, *values)
            return
        level, text = level_and_text(line)
        getattr(self._log, level)("%s", text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)
