"""The frame of a Spark job: reads its plan, runs one step's function, says why it failed."""

import argparse
import json
import logging
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dustjacket.errors import BadInputError, DustjacketError, UnchangedError
from dustjacket.pipeline.steps import STEPS, Plan
from dustjacket.settings import Settings, load_settings
from dustjacket.storage.draft import Draft
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = logging.getLogger(__name__)

EXIT_BAD_INPUT, EXIT_UNCHANGED = 65, 66
REASON_FILE = "DUSTJACKET_REASON_FILE"
_BAD_INPUT_OF_A_WORKER = f"{BadInputError.__module__}.{BadInputError.__name__}: "


@dataclass(frozen=True)
class Job:
    """What a step's function works with: its plan, its inputs and the draft it fills."""

    plan: Plan
    store: Store
    draft: Draft
    settings: Settings

    def input(self, kind: str) -> Manifest:
        """Return the manifest of the input version of ``kind`` that this run works on."""
        return self.store.manifest(kind, self.plan.inputs[kind])

    def publish(self, **described: Any) -> tuple[Manifest, bool]:
        """Publish the draft, with where it came from; see :meth:`Draft.publish`."""
        plan = self.plan
        manifest, won = self.draft.publish(
            source=plan.parameters.get("source"),
            parameters=plan.parameters,
            code=plan.code,
            parents=plan.inputs,
            dag_run_id=plan.dag_run_id,
            **described,
        )
        if won:
            log.info("published %s/%s", manifest.kind, manifest.version)
        else:
            log.warning(
                "%s/%s was published by another attempt (%s); this one (%s) changed nothing",
                manifest.kind, manifest.version, manifest.attempt, self.draft.attempt,
            )  # fmt: skip
        return manifest, won


def run_job(work: Callable[[Job, "SparkSession"], None]) -> None:
    """Run ``work`` for the plan given as ``--plan JSON`` on the command line, then exit.

    A wrong input exits with 65, work that came to nothing new with 66, any other failure with 1;
    the reason is one line on standard error and in the file that ``DUSTJACKET_REASON_FILE`` names,
    where the operator reads it.
    """
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    parser = argparse.ArgumentParser()
    parser.add_argument("--plan", required=True)
    plan_text = parser.parse_args().plan
    try:
        plan = Plan.model_validate_json(plan_text)
    except ValidationError as error:
        sys.exit(f"--plan is not a plan: {error}")
    settings = load_settings()
    store = Store(settings)
    draft = store.draft(STEPS[plan.step].publishes, plan.version)
    from dustjacket.pipeline.spark import session

    spark = session(settings, plan.step)
    try:
        work(Job(plan, store, draft, settings), spark)
    except UnchangedError as error:
        _explain(str(error))
        sys.exit(EXIT_UNCHANGED)
    except DustjacketError as error:
        _explain(str(error))
        sys.exit(EXIT_BAD_INPUT if isinstance(error, BadInputError) else 1)
    except Exception as error:
        told = to_dustjacket_error(error)
        _explain(str(told))
        if isinstance(told, BadInputError):
            sys.exit(EXIT_BAD_INPUT)
        log.exception("%s failed", plan.step)
        sys.exit(1)
    finally:
        spark.stop()


def to_dustjacket_error(error: Exception) -> DustjacketError:
    """Return what went wrong as one line, and as the wrong input that a Spark worker found."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    raised = [line for line in lines if re.match(r"[\w.]+(?:Error|Exception|Warning): ", line)]
    if not any(line.startswith("Traceback") for line in lines) or not raised:
        return DustjacketError(f"{type(error).__name__}: {lines[0] if lines else ''}")
    reason = raised[-1]
    bad_input = reason.removeprefix(_BAD_INPUT_OF_A_WORKER)
    return BadInputError(bad_input) if bad_input != reason else DustjacketError(reason)


def _explain(reason: str) -> None:
    print(f"dustjacket: {reason}", file=sys.stderr)
    if path := os.environ.get(REASON_FILE):
        Path(path).write_text(json.dumps(reason))
