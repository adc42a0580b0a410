"""The chain: what each step reads and publishes, and what a run of one has to do.

A step's work is named by a digest of its inputs, its parameters and its code, so that a run can
see before it starts whether the same work is already published.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.pipeline.parameters import COVER_CLIP
from dustjacket.pipeline.team_defaults import Profile
from dustjacket.sources.files import contents, fingerprint
from dustjacket.storage.manifest import Manifest, digest_of, version_name
from dustjacket.storage.store import Store

# Experiments; models of the last two are registered under the same names.
_INGESTION, _GENRES, _CLIP = "ingestion", "genre-classifier", "cover-clip"
IN_USE = "in_use"
"""Fact of a version that was compared: the version in use since then, itself or an earlier one."""
_SHARED_CODE = (
    "splits.py",
    "sources/csv.py",
    "sources/files.py",
    "sources/streams.py",
    "sources/tables.py",
)


@dataclass(frozen=True)
class Step:
    """One DAG: the kinds it reads (those in use by default), the kind it publishes, its code.

    Its runs are in ``experiment`` of MLflow, if it makes any; ``spark`` is what its jobs have set
    of Spark, beside the defaults.
    """

    name: str
    publishes: str
    reads: tuple[str, ...] = ()
    reads_if_there: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    experiment: str | None = None
    spark: dict[str, str] = field(default_factory=dict)

    @property
    def has_source(self) -> bool:
        """Whether the step reads a source from outside rather than a published version."""
        return not self.reads


STEPS = {
    step.name: step
    for step in (
        Step("ingest_catalog", "catalog", packages=("catalog",), experiment=_INGESTION),
        Step("ingest_covers", "covers", packages=("covers", "web"), experiment=_INGESTION),
        Step(
            "select_classifier",
            "genre_classifier",
            ("catalog",),
            packages=("genres",),
            experiment=_GENRES,
            # Java computes for long here, so all of its compilers are worth their time.
            spark={"spark.driver.extraJavaOptions": "-XX:+TieredCompilation"},
        ),
        Step(
            "label_covers",
            "labelled_covers",
            ("covers", "genre_classifier"),
            packages=("genres",),
            experiment=_GENRES,
        ),
        Step(
            "finetune_clip",
            "clip_candidate",
            ("labelled_covers",),
            packages=("clip",),
            experiment=_CLIP,
        ),
        Step(
            "evaluate_clip",
            "evaluation",
            ("clip_candidate",),
            packages=("clip", "evaluation", "promotion"),
            experiment=_CLIP,
        ),
        Step(
            "index_covers",
            "cover_index",
            ("covers",),
            reads_if_there=(COVER_CLIP,),
            packages=("clip", "retrieval"),
        ),
    )
}


class Plan(BaseModel):
    """What one run of a step will do; goes to the Spark job as JSON."""

    step: str
    version: str
    digest: str
    inputs: dict[str, str]
    parameters: dict[str, Any]
    code: str
    dag_run_id: str | None = None


class Waiting(BaseModel):
    """Why a run has nothing to do: an input that is not there yet."""

    missing: str


def in_use(store: Store, kind: str) -> Manifest | None:
    """Return the newest version of ``kind``, or the champion that it says it did not beat."""
    newest = store.newest(kind)
    champion = newest and newest.facts.get(IN_USE)
    try:
        return store.manifest(kind, champion) if champion else newest
    except NotReadyError:  # somebody has deleted it
        return newest


@cache
def code_digest(packages: tuple[str, ...]) -> str:
    """Return 12 hexadecimal digits that stand for the source text that decides a step's result.

    That is all of ``packages`` of dustjacket, and the modules by which records are read and books
    are told apart.
    """
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    files = [file for package in packages for file in sorted((root / package).rglob("*.py"))]
    for file in [*files, *(root / name for name in _SHARED_CODE)]:
        digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


def plan_step(
    step: Step,
    store: Store,
    profile: Profile,
    run_after: datetime,
    given: dict[str, Any] | None = None,
    dag_run_id: str | None = None,
) -> Plan | Waiting:
    """Return what a run of ``step`` has to do now.

    Args:
        given: parameters of this run, and ``<kind>_version`` for an input other than that in use;
            None values mean the default.

    Returns:
        The plan, or what the step still waits for.

    Raises:
        BadInputError: a parameter is wrong or the source is not there.
        NotReadyError: an input version that was asked for is not published.
    """
    given = dict(given or {})
    inputs: dict[str, str] = {}
    versions = {
        kind: given.pop(f"{kind}_version", None) for kind in step.reads + step.reads_if_there
    }
    chosen = profile.with_overrides(step.name, given)
    for kind, asked in {**versions, **dict.fromkeys(chosen.also_reads)}.items():
        found = store.manifest(kind, asked) if asked else in_use(store, kind)
        if found is not None:
            inputs[kind] = found.version
        elif kind in step.reads:
            return Waiting(missing=kind)
    parameters = chosen.model_dump(mode="json")
    decisive = {name: at for name, at in parameters.items() if name not in chosen.let_through}
    identity: dict[str, Any] = {"inputs": inputs, "parameters": decisive}
    if content := contents(chosen.content, store.settings):
        identity["content"] = content
    if step.has_source:
        if not parameters["source"]:
            raise BadInputError(f"{step.name} has no source: set the parameter 'source'")
        identity["source"] = fingerprint(parameters["source"], store.settings)
    code = code_digest(step.packages)
    digest = digest_of({"step": step.name, "code": code, **identity})
    return Plan(
        step=step.name,
        version=version_name(run_after, digest),
        digest=digest,
        inputs=inputs,
        parameters=parameters,
        code=code,
        dag_run_id=dag_run_id,
    )


def published(plan: Plan, store: Store) -> Manifest | None:
    """Return the version that already holds the plan's work, or None."""
    kind = STEPS[plan.step].publishes
    return store.with_digest(kind, plan.digest) or _made_its_champion(plan, kind, store)


def _made_its_champion(plan: Plan, kind: str, store: Store) -> Manifest | None:
    """Return the version whose promotion alone makes the plan another one.

    Training that goes on from the champion would else follow each of its own promotions.
    """
    champion = plan.inputs.get(COVER_CLIP)
    made = champion and store.manifest(COVER_CLIP, champion).parents.get(kind)
    found = store.manifest(kind, made) if made else None
    same = found and {**found.parents, COVER_CLIP: champion} == plan.inputs
    return found if found and same and found.parameters == plan.parameters else None
