"""However a task ends, every process that it started ends within 10 seconds."""

import time

import pytest

from dustjacket.platform.process_guard import MARK, processes_with
from tests.support.airflow_control import clear_tasks, set_task_state
from tests.support.commands import until

pytestmark = pytest.mark.faults
LIMIT_S = 10


@pytest.fixture
def held(airflow, stage, tmp_path):
    """A run with a Spark job in progress: its mark and its processes."""
    (tmp_path / "covers.csv").write_text("name,image\n")
    (stage / "hold").touch()
    try:
        run = airflow.trigger("ingest_covers", {"source": str(tmp_path)})
        until((stage / "holding").exists, 90, "the job has not begun")
        mark = (stage / "holding").read_text()
        until(lambda: len(processes_with(MARK, mark)) >= 5, 30, "its Spark workers have not begun")
        yield run, mark
    finally:
        (stage / "hold").unlink()
        (stage / "holding").unlink(missing_ok=True)
    if next(one for one in airflow.tasks(run) if one.task_id == "normalise").state != "failed":
        set_task_state(airflow, run, "normalise", "failed")
    until(lambda: airflow.run(run.dag_id, run.dag_run_id).state == "failed", 90, "still running")


def assert_all_end(mark):
    began = time.monotonic()
    until(lambda: not processes_with(MARK, mark), LIMIT_S, f"left: {processes_with(MARK, mark)}")
    print(f"all ended after {time.monotonic() - began:.1f} s")


def driver_of(mark):
    return next(process for process in processes_with(MARK, mark) if process.name() == "java")


def test_marking_a_task_as_failed_ends_its_whole_tree(airflow, held):
    run, mark = held
    set_task_state(airflow, run, "normalise", "failed")
    assert_all_end(mark)


def test_clearing_a_task_ends_its_whole_tree(airflow, held):
    run, mark = held
    clear_tasks(airflow, run, ["normalise"])
    assert_all_end(mark)


def test_killing_the_task_s_process_ends_its_whole_tree(held):
    _, mark = held
    driver_of(mark).parent().kill()
    assert_all_end(mark)


def test_killing_what_supervises_the_task_ends_its_whole_tree(held):
    _, mark = held
    driver_of(mark).parent().parent().kill()
    assert_all_end(mark)
