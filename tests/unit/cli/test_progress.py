"""What is shown of runs while they work: how far they are, why a try failed, what came of them."""

import io
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from dustjacket.cli import progress
from dustjacket.cli.airflow_api import DagRun, TaskInstance
from dustjacket.cli.context import LiteralConsole
from dustjacket.cli.progress import ProgressTable, progress_in


@pytest.mark.parametrize(
    ("events", "shown"),
    [
        (["dustjacket.genres.compare: fit 21 of 57: naive_bayes; about 4 s left"],
         "fit 21 of 57: naive_bayes; about 4 s left"),
        (["step 2 of 60: loss 0.3", "step 22 of 60: loss 0.1, 76 s left", "reading a file"],
         "step 22 of 60: loss 0.1, 76 s left"),
        (["text of 1,200 of 2,000 covers"], "text of 1,200 of 2,000 covers"),
        (["nothing of this kind", ""], ""),
        ([], ""),
    ],
)  # fmt: skip
def test_the_last_line_that_says_how_far_a_task_is_is_found(events, shown):
    assert progress_in(events) == shown


class Api:
    def __init__(self):
        self.task = TaskInstance(task_id="train", state="running", try_number=1)
        self.events, self.read = [], 0

    def tasks(self, _):
        return [self.task]

    def log(self, *_):
        self.read += 1
        return [{"event": event} for event in self.events]

    def reason(self, _, task):
        return f"memory ran out in try {task.try_number}"


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def run_of(state="running"):
    return DagRun(dag_id="finetune_clip", dag_run_id="r", state=state, run_after=datetime.now(UTC))


def lines_of(table, runs, store):
    before = len(table._console.file.getvalue())
    table.show(runs, store)
    return table._console.file.getvalue()[before:]


@pytest.fixture
def table():
    return ProgressTable(Api(), LiteralConsole(width=200, file=io.StringIO()))


def test_a_task_shows_how_far_it_is_and_its_log_is_not_read_at_each_poll(table, clock):
    api, runs = table._api, {"finetune_clip": run_of()}
    api.events = ["step 1 of 60: loss 0.4"]
    assert "train: step 1 of 60: loss 0.4" in lines_of(table, runs, None)
    api.events.append("step 2 of 60: loss 0.3")
    clock.now += 10
    assert lines_of(table, runs, None) == "", "lines come at intervals"
    assert api.read == 1
    clock.now += 30
    assert "train: step 2 of 60" in lines_of(table, runs, None)


def test_a_task_that_is_tried_again_shows_why(table, clock):
    api, runs = table._api, {"finetune_clip": run_of()}
    api.task = TaskInstance(task_id="train", state="up_for_retry", try_number=1)
    assert "train: try 1 failed: memory ran out in try 1" in lines_of(table, runs, None)
    api.task = TaskInstance(task_id="train", state="running", try_number=2)
    assert "train (try 2): try 1 failed: memory ran out in try 1" in lines_of(table, runs, None)
    clock.now += 31
    api.events = ["step 1 of 60: loss 0.4"]
    assert "train (try 2): step 1 of 60" in lines_of(table, runs, None)


def test_a_task_that_waits_for_steps_before_it_is_a_line_once(table, clock):
    api, runs = table._api, {"finetune_clip": run_of()}
    shown = ""
    for state in ("running", "up_for_reschedule") * 3:
        api.task = TaskInstance(task_id="plan", state=state, try_number=1)
        shown += lines_of(table, runs, None)
    assert len(shown.splitlines()) == 2
    assert "plan (waits for the steps before it)" in shown


def test_the_figures_of_a_run_stand_before_the_name_of_its_version(table):
    newest = SimpleNamespace(version="v1", dag_run_id="r", rows={"accepted": 2917, "rejected": 83})
    store = SimpleNamespace(newest=lambda _: newest)
    shown = lines_of(table, {"finetune_clip": run_of("success")}, store)
    assert "2,917 accepted, 83 rejected: v1" in shown
