"""Run a step as a Spark job: read the plan, call the step's function, report failures."""

import argparse
import json
import logging
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from pydantic import ValidationError

from dustjacket.errors import BadInputError, DustjacketError, NotReadyError, UnchangedError
from dustjacket.pipeline.leases import lease
from dustjacket.pipeline.parameters import StepParameters
from dustjacket.pipeline.plan import Plan
from dustjacket.pipeline.step import Step
from dustjacket.pipeline.steps import STEPS
from dustjacket.settings import Settings, load_settings
from dustjacket.storage.draft import Draft
from dustjacket.storage.host import disk_note, prepare_process
from dustjacket.storage.manifest import Facts, Manifest
from dustjacket.storage.store import Store

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = logging.getLogger(__name__)

EXIT_BAD_INPUT, EXIT_UNCHANGED = 65, 66
REASON_FILE = "DUSTJACKET_REASON_FILE"
_BAD_INPUT_PREFIX = f"{BadInputError.__module__}.{BadInputError.__name__}: "

Parameters = TypeVar("Parameters", bound=StepParameters)


@dataclass(frozen=True)
class Job(Generic[Parameters]):
    """The argument of a step's function: its plan, its inputs, and the draft that it fills."""

    plan: Plan
    store: Store
    draft: Draft
    settings: Settings

    @classmethod
    def of(cls, plan: Plan, store: Store) -> "Job[Parameters]":
        """Create the job of a plan, with a new draft."""
        return cls(
            plan, store, store.draft(STEPS[plan.step].publishes, plan.version), store.settings
        )

    @property
    def step(self) -> Step:
        """The step to run."""
        return STEPS[self.plan.step]

    @cached_property
    def parameters(self) -> Parameters:
        """The step's parameters, validated."""
        return cast("Parameters", self.step.parameters.model_validate(self.plan.parameters))

    def input(self, kind: str) -> Manifest:
        """Return the manifest of the input version of ``kind`` that this run reads."""
        return self.store.manifest(kind, self.plan.inputs[kind])

    def is_published(self) -> bool:
        """Return whether an earlier attempt of this run published its version."""
        try:
            self.store.manifest(self.draft.kind, self.draft.version)
        except NotReadyError:
            return False
        return True

    def publish(self, facts: Facts, **fields: Any) -> tuple[Manifest, bool]:
        """Publish the draft with its provenance; see :meth:`Draft.publish`.

        Args:
            fields: further fields of the manifest, such as rows and schema.
        """
        plan = self.plan
        manifest, won = self.draft.publish(
            source=plan.parameters.get("source"),
            parameters=plan.parameters,
            code=plan.code,
            modules=plan.modules,
            fingerprints=plan.fingerprints,
            parents=plan.inputs,
            dag_run_id=plan.dag_run_id,
            facts=facts.to_json(),
            **fields,
        )
        if won:
            outcome = facts.outcome(manifest.parameters) or "done"
            log.info("%s: published %s/%s", outcome, manifest.kind, manifest.version)
        else:
            log.warning(
                "%s/%s was published by another attempt (%s); this one (%s) changed nothing",
                manifest.kind, manifest.version, manifest.attempt, self.draft.attempt,
            )  # fmt: skip
        return manifest, won


def run_job(function: "Callable[[Job[Any], SparkSession], None] | None" = None) -> None:
    """Run the step of the plan given as ``--plan JSON`` on the command line, then exit.

    Exit status: 65 for bad input, 66 if there is nothing new to publish, 1 for any other failure.
    The reason is one line, on standard error and in the file that ``DUSTJACKET_REASON_FILE``
    names, from which the operator reads it.

    Args:
        function: default: the step's function.
    """
    prepare_process()
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(levelname)s %(name)s: %(message)s",  # Airflow states the time
    )
    parser = argparse.ArgumentParser()
    parser.add_argument("--plan", required=True)
    plan_text = parser.parse_args().plan
    try:
        plan = Plan.model_validate_json(plan_text)
    except ValidationError as error:
        sys.exit(f"--plan is not a plan: {error}")
    function = function or STEPS[plan.step].load_function()
    settings = load_settings()
    job: Job[Any] = Job.of(plan, Store(settings))
    if not job.step.completes and job.is_published():
        _explain(f"{job.draft.kind}/{job.draft.version} is published already")
        sys.exit(EXIT_UNCHANGED)
    from dustjacket.pipeline.spark import session

    spark = session(settings, plan.step)
    try:
        with lease(job.store, plan, job.draft.attempt):
            function(job, spark)
    except UnchangedError as error:
        _explain(str(error))
        sys.exit(EXIT_UNCHANGED)
    except DustjacketError as error:
        _explain(str(error))
        sys.exit(EXIT_BAD_INPUT if isinstance(error, BadInputError) else 1)
    except Exception as error:
        reason = to_dustjacket_error(error)
        _explain(f"{reason}{disk_note(settings.home)}")
        if isinstance(reason, BadInputError):
            sys.exit(EXIT_BAD_INPUT)
        log.exception("%s failed", plan.step)
        sys.exit(1)
    finally:
        spark.stop()


def to_dustjacket_error(error: Exception) -> DustjacketError:
    """Convert any failure to a one-line DustjacketError.

    A BadInputError raised in a Spark worker keeps its type.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    raised = [line for line in lines if re.match(r"[\w.]+(?:Error|Exception|Warning): ", line)]
    if not any(line.startswith("Traceback") for line in lines) or not raised:
        return DustjacketError(f"{type(error).__name__}: {lines[0] if lines else ''}")
    reason = raised[-1]
    bad_input = reason.removeprefix(_BAD_INPUT_PREFIX)
    return BadInputError(bad_input) if bad_input != reason else DustjacketError(reason)


def _explain(reason: str) -> None:
    print(f"dustjacket: {reason}", file=sys.stderr)
    if path := os.environ.get(REASON_FILE):
        Path(path).write_text(json.dumps(reason))
