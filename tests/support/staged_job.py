"""A job that pauses during its work, or before it publishes, until the test continues it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from dustjacket.pipeline.job import Job, run_job
from dustjacket.pipeline.plan import Plan
from tests.support.facts import least_facts

REAL = ("ingest_catalog", "finetune_clip")  # steps that do their own work
STAGE = Path(os.environ["STAGE"])
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)"


def endless(rows: Iterable[Any]) -> Iterator[Any]:
    time.sleep(300)
    yield from rows


def wait_for(name: str) -> None:
    while not (STAGE / name).exists():
        time.sleep(0.1)


def staged(job: Job[Any], spark: SparkSession) -> None:
    if (STAGE / "hold").exists():
        subprocess.Popen([sys.executable, "-c", STUBBORN], start_new_session=True)
        (STAGE / "holding").write_text(os.environ["DUSTJACKET_ATTEMPT"])
        spark.sparkContext.parallelize([1, 2], 2).mapPartitions(endless).collect()
    job.draft.put("half.txt", b"half of the work")
    with (STAGE / "attempts").open("a") as stream:
        stream.write(f"{job.draft.attempt}\n")
    wait_for("go-on")
    job.draft.put("rest.txt", b"the rest")
    job.publish(job.step.facts.model_validate(least_facts(job.step.publishes)), rows={"files": 2})


if __name__ == "__main__":
    plan = Plan.model_validate_json(sys.argv[sys.argv.index("--plan") + 1])
    run_job(None if plan.step in REAL else staged)
