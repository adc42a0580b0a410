"""Steps run without Airflow, and an S3 server, Spark and MLflow's database for them."""

import contextlib
import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

from pyspark import SparkContext
from pyspark.sql import SparkSession
from rich.console import Console

from dustjacket.pipeline.job import Job
from dustjacket.pipeline.plan import Plan, plan_step
from dustjacket.pipeline.spark import session
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.platform.object_store import object_store
from dustjacket.settings import Settings
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store
from tests.conftest import fresh_home


@dataclass
class StepRunner:
    """Runs steps as Airflow would, one after the other, in this process."""

    settings: Settings
    store: Store
    spark: SparkSession
    folder: Path

    def run(self, name: str, **overrides: Any) -> Manifest:
        """Run a step and return the manifest of the version that it published."""
        step = STEPS[name]
        plan = plan_step(step, self.store, TeamDefaults(), datetime.now(UTC), overrides)
        assert isinstance(plan, Plan)
        job: Job[Any] = Job.of(plan, self.store)
        with contextlib.chdir(self.folder):
            step.load_function()(job, self.spark)
        return self.store.manifest(job.draft.kind, job.draft.version)

    def table(self, manifest: Manifest, folder: str) -> list[dict[str, Any]]:
        """Return a published table as dictionaries, in its order."""
        rows = self.spark.read.parquet(self.store.uri(manifest, folder))
        return [row.asDict(recursive=True) for row in rows.collect()]


@contextlib.contextmanager
def bench(name: str, step: str | None = None) -> Iterator[StepRunner]:
    """Run Spark as it is set for the jobs of ``step``, if one is named, and an S3 server."""
    home = fresh_home(name)
    folder = home / "alone"
    folder.mkdir()
    conf = STEPS[step].spark if step else {}
    options = [word for pair in conf.items() for word in ("--conf", "=".join(pair))]
    set_here = {
        "DUSTJACKET_HOME": str(home),
        "DUSTJACKET_SOURCE_ROOTS": "/",
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": shlex.join([*options, "pyspark-shell"]),
    }
    with mock.patch.dict(os.environ, set_here), object_store(folder, Console()) as settings:
        end_java()
        spark = session(settings, name)
        try:
            yield StepRunner(settings, Store(settings), spark, folder)
        finally:
            spark.stop()
            end_java()


def end_java() -> None:
    """End the Java that earlier tests left, which knows nothing of this server's settings."""
    if SparkContext._gateway is not None:
        SparkContext._gateway.shutdown()
        SparkContext._gateway = SparkContext._jvm = None
