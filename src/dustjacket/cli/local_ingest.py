"""One ingestion from a terminal: on this machine alone, into a folder, without Airflow."""

import contextlib
import logging
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dustjacket.errors import BadInputError, DustjacketError
from dustjacket.pipeline.job import Job, to_dustjacket_error
from dustjacket.pipeline.steps import STEPS, Plan, plan_step
from dustjacket.pipeline.team_defaults import Profile
from dustjacket.platform.object_store import object_store
from dustjacket.storage.manifest import MANIFEST, Manifest
from dustjacket.storage.store import Store

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_POLL_S = 0.5


def ingest(
    step: str,
    work: Callable[[Job, "SparkSession"], None],
    given: dict[str, Any],
    out: Path,
    console: Console,
) -> Manifest:
    """Do the work of an ingestion step and leave the version that it publishes in a folder.

    It is the same work: the same files with the same digest, checked when they are copied. The
    manifest is written last.

    Args:
        step: name of the step, whose function is ``work``.
        given: the step's parameters; what is left out has its default.
        out: a folder that is not there, or empty.

    Raises:
        BadInputError: the folder holds something, or the source is wrong.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInputError(f"{str(out)!r} holds something: name a new folder with --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".ingest-") as folder:
        scratch = Path(folder)
        with object_store(scratch, console) as settings:
            store = Store(settings)
            plan = plan_step(STEPS[step], store, Profile(), datetime.now(UTC), given)
            if not isinstance(plan, Plan):
                raise TypeError(f"{step} reads {plan.missing}: only what reads a source can")
            draft = store.draft(STEPS[step].publishes, plan.version)
            os.environ["PYSPARK_PYTHON"] = sys.executable
            # What MLflow keeps goes the way of the folder.
            with (
                contextlib.chdir(scratch),
                _spark(settings, step) as spark,
                _progress(spark, console),
            ):
                work(Job(plan, store, draft, settings), spark)
            manifest = store.manifest(draft.kind, draft.version)
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
    spark.sparkContext.setLogLevel("OFF")  # an error is told in one line
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
    """Show a bar of Spark's tasks at work, and above it what the step last said."""
    tracker = spark.sparkContext.statusTracker()
    shown = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    over = threading.Event()
    bar = shown.add_task("starting", total=None)

    class Said(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            shown.update(bar, description=record.getMessage()[:70])

    def watch() -> None:
        while not over.wait(_POLL_S):
            stages = [tracker.getStageInfo(number) for number in tracker.getActiveStageIds()]
            tasks = sum(stage.numTasks for stage in stages if stage)
            done = sum(stage.numCompletedTasks for stage in stages if stage)
            shown.update(bar, total=tasks or None, completed=done)

    handler = Said(logging.INFO)
    said = logging.getLogger("dustjacket")
    said.addHandler(handler)
    said.setLevel(logging.INFO)
    thread = threading.Thread(target=watch, daemon=True)
    with shown:
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            said.removeHandler(handler)
