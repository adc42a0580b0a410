"""One ingestion on this machine, into a folder, without Airflow or a running platform."""

import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dustjacket.errors import BadInputError, DustjacketError
from dustjacket.pipeline.job import Job, to_dustjacket_error
from dustjacket.pipeline.periodic import periodic
from dustjacket.pipeline.plan import Plan, plan_step
from dustjacket.pipeline.step import Step
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.platform.object_store import object_store
from dustjacket.sources.roots import allow
from dustjacket.storage.manifest import MANIFEST, Manifest
from dustjacket.storage.store import Store

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_POLL_S = 0.5


def ingest(
    step: Step,
    overrides: dict[str, Any],
    out: Path,
    console: Console,
) -> Manifest:
    """Run an ingestion step and write the version that it publishes into a folder.

    The files and their digest equal those that the platform would publish; checksums are verified
    during the copy. The manifest is written last.

    Args:
        overrides: parameters of the step; the others have their defaults.
        out: a folder that does not exist, or is empty.

    Raises:
        BadInputError: the folder is not empty, or the source is wrong.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInputError(f"{str(out)!r} is not empty: name a new folder with --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".ingest-") as folder:
        scratch = Path(folder)
        with object_store(scratch, console) as settings:
            allow(overrides["source"], settings)
            store = Store(settings)
            plan = plan_step(step, store, TeamDefaults(), datetime.now(UTC), overrides)
            if not isinstance(plan, Plan):
                raise TypeError(f"{plan}: only a step that reads a source can run by itself")
            job: Job[Any] = Job.of(plan, store)
            os.environ["PYSPARK_PYTHON"] = sys.executable
            # MLflow writes its database into the working directory, which is deleted.
            with (
                contextlib.chdir(scratch),
                _spark(settings, step.name) as spark,
                _progress(spark, console),
            ):
                step.load_function()(job, spark)
            manifest = store.manifest(job.draft.kind, job.draft.version)
            whole = scratch / "whole"
            whole.mkdir()
            store.download(manifest, whole)
            (whole / MANIFEST).write_text(manifest.model_dump_json(by_alias=True, indent=2))
            if out.exists():
                out.rmdir()
            whole.rename(out)
    return manifest


@contextlib.contextmanager
def _spark(settings: Any, name: str) -> Iterator["SparkSession"]:
    from dustjacket.pipeline.spark import session

    spark = session(settings, name)
    spark.sparkContext.setLogLevel("OFF")  # an error is printed in one line
    try:
        yield spark
    except DustjacketError:
        raise
    except Exception as error:
        raise to_dustjacket_error(error) from error
    finally:
        spark.stop()


@contextlib.contextmanager
def _progress(spark: "SparkSession", console: Console) -> Iterator[None]:
    """Show a bar of Spark's running tasks, and beside it the step's last log message."""
    tracker = spark.sparkContext.statusTracker()
    shown = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    bar = shown.add_task("starting", total=None)

    class LastMessage(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            shown.update(bar, description=record.getMessage()[:70])

    def update() -> None:
        stages = [tracker.getStageInfo(number) for number in tracker.getActiveStageIds()]
        tasks = sum(stage.numTasks for stage in stages if stage)
        done = sum(stage.numCompletedTasks for stage in stages if stage)
        shown.update(bar, total=tasks or None, completed=done)

    handler = LastMessage(logging.INFO)
    logger = logging.getLogger("dustjacket")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    with shown:
        try:
            with periodic(update, _POLL_S):
                yield
        finally:
            logger.removeHandler(handler)
