"""A step: what it reads and publishes, its parameters, its function, and its special cases."""

from dataclasses import dataclass, field
from enum import StrEnum
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from dustjacket.pipeline.parameters import StepParameters
from dustjacket.storage.manifest import Facts, Manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from dustjacket.pipeline.plan import Plan
    from dustjacket.storage.store import Store


class Status(StrEnum):
    """Where the work of a step stands."""

    MISSING_INPUT = "missing_input"
    """An input is not published yet."""
    TO_DO = "to_do"
    """No version holds this work."""
    RETRIABLE = "retriable"
    """A version holds this work, but another attempt may accept rows that it could not fetch."""
    SUPERSEDED = "superseded"
    """A version holds this work, but its outcome no longer counts: the work is done again."""
    UNDECIDED = "undecided"
    """A version holds this work; the decision that follows from it has not been carried out."""
    PUBLISHED = "published"
    """A version holds this work, and nothing is left to do."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the pipeline, which is one DAG.

    What is special about a step is a field, or a method that a subclass in the step's room
    overrides. Nothing else in the package compares names of steps.

    Attributes:
        publishes: the kind of version that the step makes.
        function: ``module:name`` of the function that does the work, given a
            :class:`~dustjacket.pipeline.job.Job` and a Spark session; imported only when it runs.
        parameters, facts: the classes of its parameters and of its manifests' facts.
        reads: kinds that it needs; the versions in use by default.
        optional_inputs: kinds that it reads as well if a version of them is published.
        promotes_to: the kind that a promotion makes of what the step publishes, if any.
        experiment: MLflow experiment of its runs, if it makes any.
        artifacts: pages that its MLflow run holds, by the name that people see.
        spark: Spark settings of its jobs, beside the defaults.
        section: the key of its figures in ``report.json``.
    """

    name: str
    publishes: str
    function: str
    parameters: type[StepParameters]
    facts: type[Facts] = Facts
    reads: tuple[str, ...] = ()
    optional_inputs: tuple[str, ...] = ()
    promotes_to: str | None = None
    experiment: str | None = None
    artifacts: dict[str, str] = field(default_factory=dict)
    spark: dict[str, str] = field(default_factory=dict)
    section: str = ""

    @property
    def has_source(self) -> bool:
        """Whether the step reads files from outside rather than a published version."""
        return not self.reads

    def load_function(self) -> "Callable[[Any, Any], None]":
        """Import and return the function that does the work."""
        function: Callable[[Any, Any], None] = resolve_name(self.function)
        return function

    def in_use(self, store: "Store") -> Manifest | None:
        """Return the version of this step that later steps read by default, or None."""
        return store.newest(self.publishes)

    def find_published(self, plan: "Plan", store: "Store") -> Manifest | None:
        """Return the version that holds the plan's work, or None."""
        return store.with_digest(self.publishes, plan.digest)

    def review(self, version: Manifest, store: "Store") -> tuple[Status, str]:  # noqa: ARG002
        """Return the status of a version that holds a plan's work, and a sentence why."""
        return Status.PUBLISHED, f"{version.kind}/{version.version} holds this work"
