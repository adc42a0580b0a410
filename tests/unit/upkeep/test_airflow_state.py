import os
from datetime import UTC, datetime, timedelta

from dustjacket.upkeep import airflow_state
from dustjacket.upkeep.airflow_state import clean_rows, old_logs, remove_logs

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def write(path, age, size=10):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    at = (NOW - age).timestamp()
    os.utime(path, (at, at))
    return path


def test_old_logs_go_and_those_of_running_tasks_stay(tmp_path):
    old = write(tmp_path / "dag_id=a" / "run_id=1" / "attempt=1.log", timedelta(days=91))
    parsed = write(tmp_path / "dag_processor" / "2026-05-01" / "a.log", timedelta(days=8))
    recent = write(tmp_path / "dag_id=a" / "run_id=2" / "attempt=1.log", timedelta(days=89))
    now = write(tmp_path / "dag_processor" / "2026-06-01" / "a.log", timedelta(minutes=1))
    gone = old_logs(tmp_path, NOW)
    assert set(gone) == {old, parsed}
    remove_logs(tmp_path, gone)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == {recent, now}
    assert not old.parent.exists()
    assert not parsed.parent.exists()


def test_the_oldest_logs_go_when_all_are_too_large_but_never_todays(tmp_path, monkeypatch):
    monkeypatch.setattr(airflow_state, "MAX_LOG_BYTES", 100)
    ages = [timedelta(days=days) for days in (5, 4, 3)]
    logs = [write(tmp_path / f"{place}.log", age, 60) for place, age in enumerate(ages)]
    today = write(tmp_path / "today.log", timedelta(hours=1), 90)
    assert old_logs(tmp_path, NOW) == logs
    assert today not in old_logs(tmp_path, NOW)
    for log in logs[1:]:
        log.unlink()
    today.unlink()
    assert old_logs(tmp_path, NOW) == []


def test_without_logs_nothing_is_old(tmp_path):
    assert old_logs(tmp_path / "none", NOW) == []


def test_rows_of_another_airflow_are_left_to_its_owner(tmp_path):
    assert "airflow db clean" in clean_rows(tmp_path, NOW, apply=True)
