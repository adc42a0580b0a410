"""A killed ingestion of covers: downloads are kept, nothing is published twice."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from unittest import mock

import pytest
from aiohttp import web
from rich.console import Console

from dustjacket.covers.source import cache_prefix
from dustjacket.pipeline.plan import plan_step
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.platform.object_store import object_store
from dustjacket.storage.store import Store
from tests.conftest import ROOT, fresh_home
from tests.support.commands import kill_all
from tests.support.covers_run import write_table
from tests.support.images import drawn, saved
from tests.support.web_server import serving

pytestmark = pytest.mark.faults
COVERS, HELD = 39, 35  # with the header, four shards of ten rows
JOB_MARK = "DUSTJACKET_KILLED_COVERS"


@pytest.fixture
def alone():
    home = fresh_home("killed-covers")
    set_here = {"DUSTJACKET_HOME": str(home), "PYSPARK_PYTHON": sys.executable}
    with mock.patch.dict(os.environ, set_here), object_store(home, Console()) as settings:
        local = {"allow_private_addresses": True, "spark_master": "local[2]"}
        yield settings.model_copy(update=local)


def planned(store, table):
    given = {
        "source": str(table),
        "covers_per_shard": 10,
        "image_deadline_s": 600,
        "host_patience_s": 3600,
    }
    return plan_step(STEPS["ingest_covers"], store, TeamDefaults(), datetime.now(UTC), given)


def started(settings, plan):
    job = ROOT / "spark_jobs" / "run_step.py"
    return subprocess.Popen(
        [sys.executable, job, "--plan", plan.model_dump_json()],
        env=os.environ | settings.environment() | {JOB_MARK: "yes"},
        cwd=settings.home,
        stderr=subprocess.DEVNULL,
    )


def published(store, plan):
    found = store.manifest("covers", plan.version)
    shards = {e.path: e.sha256 for e in found.files if e.path.startswith("shards/")}
    return found.facts, shards


def test_a_killed_ingestion_of_covers_resumes_from_its_downloads(alone, tmp_path):
    let_go = threading.Event()

    async def handler(request):
        number = int(request.path.strip("/"))
        while number >= HELD and not let_go.is_set():
            await asyncio.sleep(0.05)
        return web.Response(body=saved(drawn(number)))

    store = Store(alone)
    with serving(handler) as served:
        rows = [(f"Title {n}", f"Author {n}", served.url(str(n))) for n in range(COVERS)]
        (tmp_path / "other").mkdir()
        table = write_table(tmp_path / "t.csv", rows)
        plan = planned(store, table)
        job = started(alone, plan)
        deadline = time.monotonic() + 120
        ledger = f"{cache_prefix(str(table))}ledger/"
        while len(list(store.keys(ledger))) < COVERS // 10:
            assert job.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        kill_all(JOB_MARK, "yes")
        assert job.wait(10) < 0
        assert store.versions("covers") == []

        requests = dict(served.requests)
        let_go.set()
        assert started(alone, plan).wait(120) == 0
        again = {name: n - requests.get(name, 0) for name, n in served.requests.items()}
        assert all(again[str(n)] == 0 for n in range(COVERS - 10))
        assert all(again[str(n)] >= 1 for n in range(HELD, COVERS))
        assert store.versions("covers") == [plan.version]

        undisturbed = planned(store, write_table(tmp_path / "other" / "t.csv", rows))
        assert started(alone, undisturbed).wait(120) == 0
    facts, shards = published(store, plan)
    assert facts["accepted"] == COVERS
    assert (facts, shards) == published(store, undisturbed)
