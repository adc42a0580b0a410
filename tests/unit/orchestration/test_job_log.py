"""The log of a job in the log of its task."""

from types import SimpleNamespace

import pytest

from dustjacket.orchestration.job_log import JobLog, level_and_text


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [
        ("INFO dustjacket.genres: selected x", "info", "dustjacket.genres: selected x"),
        ("WARN Utils: slow", "warning", "Utils: slow"),
        ("12:30:01 ERROR Utils: failed", "error", "Utils: failed"),
        ("2026-05-01 12:30:01,123 WARNING a: b", "warning", "a: b"),
        ("26/05/01 12:30:01 FATAL a: b", "critical", "a: b"),
        ("  File x, line 1", "info", "  File x, line 1"),
        ("ERRORS are no level", "info", "ERRORS are no level"),
        ("", "info", ""),
    ],
)
def test_a_line_keeps_its_level_and_loses_its_time(line, level, text):
    assert level_and_text(line) == (level, text)


def test_lines_reach_airflow_at_their_level_and_percent_signs_are_text():
    heard = []
    log = SimpleNamespace(
        info=lambda text, *values: heard.append(("info", text % values)),
        warning=lambda text, *values: heard.append(("warning", text % values)),
        handlers="those of Airflow",
    )
    job = JobLog(log)
    job.info("WARNING a: 97 % are read")
    job.info("Identified spark driver id: %s", "d")
    job.info("at 97 %")
    assert heard == [
        ("warning", "a: 97 % are read"),
        ("info", "Identified spark driver id: d"),
        ("info", "at 97 %"),
    ]
    assert job.handlers == "those of Airflow"
