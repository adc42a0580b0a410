"""The DAG that removes what nothing needs, with MLflow, Airflow's database and its logs."""

import os
import time

import pytest

from dustjacket.cli.follow import wait_for_run
from dustjacket.pipeline.kinds import Kind

pytestmark = pytest.mark.integration
OLD = "20200101T000000000000Z-00000000000{}"


def test_retention_lists_by_default_and_removes_on_request(platform, store, airflow):
    for number in range(3):
        draft = store.draft(Kind.CLIP_CHECKPOINT, OLD.format(number))
        draft.put("weights", b"w")
        draft.publish()
    old = platform.home / "airflow" / "logs" / "old.log"
    old.write_text("a")
    os.utime(old, (time.time() - 100 * 86_400,) * 2)
    for conf in ({}, {"apply": True, "keep": 2}):
        assert old.exists()
        run = airflow.trigger("retention", conf)
        wait_for_run(airflow, run)
        (task,) = airflow.tasks(run)
        lines = [str(line["event"]) for line in airflow.log(run, task)]
        assert any(line.startswith("bucket: ") for line in lines), lines
        assert any(line.startswith("Airflow's rows before ") for line in lines), lines
        assert not any("until the next time" in line or "left as it is" in line for line in lines)
    assert not old.exists()
    assert store.versions(Kind.CLIP_CHECKPOINT) == [OLD.format(n) for n in range(3)], "too young"
