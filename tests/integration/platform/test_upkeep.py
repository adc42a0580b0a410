"""Upkeep by a whole platform: retention with all servers, and messages by Airflow's listener."""

import os
import time

import pytest

from dustjacket.cli.follow import wait_for_run
from dustjacket.errors import DustjacketError
from dustjacket.pipeline.kinds import Kind

pytestmark = pytest.mark.integration
OLD = "20200101T000000000000Z-00000000000{}"


def test_retention_runs_on_all_servers_and_spares_what_is_young(platform, store, airflow):
    for number in range(3):
        draft = store.draft(Kind.CLIP_CHECKPOINT, OLD.format(number))
        draft.put("weights", b"w")
        draft.publish()
    old = platform.home / "airflow" / "logs" / "old.log"
    old.write_text("a")
    os.utime(old, (time.time() - 100 * 86_400,) * 2)
    run = airflow.trigger("retention", {"apply": True, "keep": 2})
    wait_for_run(airflow, run)
    (task,) = airflow.tasks(run)
    lines = [str(line["event"]) for line in airflow.log(run, task)]
    for beginning in ("bucket: ", "Airflow's rows before ", "logs: removed "):
        assert any(line.startswith(beginning) for line in lines), lines
    assert not any("until the next time" in line or "left as it is" in line for line in lines)
    assert not old.exists()
    assert store.versions(Kind.CLIP_CHECKPOINT) == [OLD.format(n) for n in range(3)], "too young"


def test_a_failed_run_is_told_with_its_reason_and_link(platform, airflow, inbox):
    run = airflow.trigger("ingest_covers", {"source": "/no/such/covers"})
    with pytest.raises(DustjacketError):
        wait_for_run(airflow, run)
    deadline = time.monotonic() + 120
    while not (found := [m for m in inbox.messages if "/no/such/covers" in m["message"]]):
        assert time.monotonic() < deadline, inbox.titles()
        time.sleep(1)
    assert found[0]["title"] == "Dustjacket: ingest_covers failed"
    assert f"{platform.airflow_url}/dags/ingest_covers/runs/manual__" in found[0]["message"]
