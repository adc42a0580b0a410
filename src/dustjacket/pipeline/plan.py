"""Plan a run of a step: decide whether a published version already holds its work.

The DAG's task ``plan``, ``dustjacket run``, ``dustjacket status`` and the Studio all call
:func:`work_of`. A step's work is identified by a digest of its inputs, its parameters, the content
of its source, and its code.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.pipeline.code_digest import code_digest, module_digests
from dustjacket.pipeline.step import Status, Step
from dustjacket.pipeline.steps import STEPS, in_use, why_none
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.records.erased import read_erased
from dustjacket.sources.files import contents
from dustjacket.storage.manifest import ERASED_ROWS, Manifest, digest_of, time_after, version_name
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)

_SHOWN_CHANGES = 3
_ERASED = "erased from "
"""Before the kind in a fingerprint that changes when books are erased from an input."""


class Plan(BaseModel):
    """What one run of a step will do; passed to the Spark job as JSON.

    Attributes:
        inputs: versions to read, by kind.
        code: digest of the code, made from ``modules``, which has a digest for each module.
        fingerprints: of the content of the source, and of files and packages that parameters name.
    """

    step: str
    version: str
    digest: str
    inputs: dict[str, str]
    parameters: dict[str, Any]
    code: str
    dag_run_id: str | None = None
    modules: dict[str, str] = {}
    fingerprints: dict[str, str] = {}


@dataclass(frozen=True)
class MissingInput:
    """Why a step cannot run yet: a required input is not published, or not one that fits."""

    step: str
    reason: str

    def __str__(self) -> str:
        return f"{self.step} waits: {self.reason}"


@dataclass(frozen=True)
class Work:
    """The state of a step's work.

    Attributes:
        reason: why it has this status, in one sentence.
        plan: what a run would do, unless an input is missing.
        version: the version that holds this work, if there is one.
    """

    status: Status
    reason: str
    plan: Plan | None = None
    version: Manifest | None = None

    @property
    def needs_job(self) -> bool:
        """Whether a run has to start the step's Spark job."""
        return self.status in (Status.TO_DO, Status.RETRIABLE, Status.SUPERSEDED)

    @property
    def is_current(self) -> bool:
        """Whether a run would change nothing."""
        return self.status is Status.PUBLISHED


def work_of(
    step: Step,
    store: Store,
    defaults: TeamDefaults,
    run_after: datetime | None = None,
    overrides: Mapping[str, Any] | None = None,
    dag_run_id: str | None = None,
) -> Work:
    """Return where the work of ``step`` stands.

    Args:
        run_after: the time in the name of the version that a run would make; by default now.
        overrides: parameters of this run, and ``<kind>_version`` for an input other than the one
            in use; None stands for the default.

    Raises:
        BadInputError: a parameter is wrong, or the source or a version that ``overrides`` names is
            not there.
    """
    plan = plan_step(step, store, defaults, run_after or datetime.now(UTC), overrides, dag_run_id)
    if isinstance(plan, MissingInput):
        return Work(Status.MISSING_INPUT, str(plan))
    newest = store.newest(step.publishes)
    if version := step.find_published(plan, store):
        status, reason = step.review(version, store)
        if status is not Status.SUPERSEDED and newest and newest.version != version.version:
            status = Status.REPLACED
            reason = (
                f"{version.kind}/{version.version} holds this work, but {newest.version} replaced "
                "it: a run brings it back"
            )
        return Work(status, reason, plan, version)
    if newest is None:
        return Work(Status.TO_DO, f"no version of {step.publishes} is published yet", plan)
    changes = changes_since(plan, newest)
    more = len(changes) - _SHOWN_CHANGES
    shown = "; ".join(changes[:_SHOWN_CHANGES]) + (f"; and {more} more" if more > 0 else "")
    return Work(Status.TO_DO, f"since {newest.version}: {shown}", plan)


def bring_back(step: Step, work: Work, store: Store) -> None:
    """Put the version that holds the work, and was replaced by a later one, back in use."""
    if work.plan is None or work.version is None:
        raise ValueError(f"no version holds the work of {step.name}")
    step.before_reuse(work.version, store)
    store.refer(step.publishes, work.plan.version, work.version.version, work.plan.dag_run_id)


def plan_step(
    step: Step,
    store: Store,
    defaults: TeamDefaults,
    run_after: datetime,
    overrides: Mapping[str, Any] | None = None,
    dag_run_id: str | None = None,
) -> Plan | MissingInput:
    """Return the plan of a run of ``step``, or the missing input; see :func:`work_of`."""
    overrides = dict(overrides or {})
    input_versions = {
        kind: overrides.pop(f"{kind}_version", None) for kind in step.reads + step.optional_inputs
    }
    parameters = defaults.of(step).with_overrides(step.name, overrides)
    manifests: dict[str, Manifest] = {}
    further = step.further_inputs(parameters, store.settings)
    for kind, version in {**input_versions, **dict.fromkeys(further)}.items():
        manifest = _named(store, kind, version) if version else in_use(store, kind)
        if manifest is not None:
            manifests[kind] = manifest
        elif kind in step.reads:
            return MissingInput(step.name, why_none(store, kind))
    named = [kind for kind, version in input_versions.items() if version]
    if conflict := step.conflict(named, store, defaults):
        return MissingInput(step.name, conflict)
    inputs = {kind: manifest.version for kind, manifest in manifests.items()}
    values = parameters.model_dump(mode="json")
    read = contents(parameters.files, store.settings)
    fingerprints = read | parameters.versions | erasures(manifests.values())
    if step.has_source:
        if (erased := read_erased(store)).names:
            fingerprints[f"{_ERASED}sources"] = erased.digest
        source = values.get("source")
        if not source:
            raise BadInputError(f"{step.name} has no source: set the parameter 'source'")
        fingerprints[source] = step.fingerprint(source, store)
    code = code_digest(step.function)
    digest = digest_of(
        {
            "step": step.name,
            "code": code,
            "inputs": inputs,
            "parameters": _content_parameters(step, values),
            "fingerprints": fingerprints,
        }
    )
    newest = store.newest_named(step.publishes)
    moment = time_after(run_after, newest[0] if newest else None)
    if moment != run_after:
        log.warning(
            "%s is named by %s instead of %s: %s/%s would sort after it",
            step.name, moment, run_after, step.publishes, newest and newest[0],
        )  # fmt: skip
    return Plan(
        step=step.name,
        version=version_name(moment, digest),
        digest=digest,
        inputs=inputs,
        parameters=values,
        code=code,
        dag_run_id=dag_run_id,
        modules=module_digests(step.function),
        fingerprints=fingerprints,
    )


def erasures(inputs: Iterable[Manifest]) -> dict[str, str]:
    """Return fingerprints of the inputs from which books were erased since they were published.

    So what was made of the inputs before is made again without these books.
    """
    return {
        f"{_ERASED}{manifest.kind}": str(manifest.rows[ERASED_ROWS])
        for manifest in inputs
        if ERASED_ROWS in manifest.rows
    }


def _named(store: Store, kind: str, version: str) -> Manifest:
    try:
        return store.manifest(kind, version)
    except NotReadyError as error:
        raise BadInputError(str(error)) from None


def changes_since(plan: Plan, version: Manifest) -> list[str]:
    """Return the differences between the plan's work and that of an earlier ``version``.

    Each change is a phrase that names an input, a parameter, a file or a module.
    """
    step = STEPS[plan.step]
    values = _content_parameters(step, plan.parameters)
    recorded = {n: v for n, v in version.parameters.items() if n not in step.parameters.removed}
    earlier = _content_parameters(step, recorded)
    changes = [
        *_differences("input", plan.inputs, version.parents),
        *_differences("parameter", values, earlier),
    ]
    if version.modules:
        files = _changed(plan.fingerprints, version.fingerprints)
        changes += [_content_change(file) for file in files]
        changes += [f"code of {name} changed" for name in _changed(plan.modules, version.modules)]
    elif plan.code != version.code:
        changes.append("the code changed (an earlier release, which recorded no modules, made it)")
    return changes


def _content_change(file: str) -> str:
    if file.startswith(_ERASED):
        return f"books were {file} on request"
    return f"content of {file!r} changed"


def _differences(noun: str, now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    return [
        f"{noun} {name} is {now.get(name, 'not set')}, was {before.get(name, 'not set')}"
        for name in _changed(now, before)
    ]


def _changed(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))


def _content_parameters(step: Step, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that affect a version's content."""
    return {name: v for name, v in values.items() if name not in step.parameters.operational}
