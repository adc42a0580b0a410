"""The class of a step: what it reads and publishes, its parameters and its function."""

from dataclasses import dataclass, field
from enum import StrEnum
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from dustjacket.pipeline.parameters import StepParameters
from dustjacket.sources.files import fingerprint
from dustjacket.storage.manifest import Facts, Manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from dustjacket.pipeline.plan import Plan
    from dustjacket.pipeline.team_defaults import TeamDefaults
    from dustjacket.settings import Settings
    from dustjacket.storage.store import Store


class Status(StrEnum):
    """The state of a step's work."""

    MISSING_INPUT = "missing_input"
    """An input is not published yet."""
    TO_DO = "to_do"
    """No version holds this work."""
    RETRIABLE = "retriable"
    """A version holds this work, but another attempt may accept rows that it could not fetch."""
    SUPERSEDED = "superseded"
    """A version holds this work, but its decision is no longer valid: do the work again."""
    UNDECIDED = "undecided"
    """A version holds this work, but its decision has not been carried out yet."""
    REPLACED = "replaced"
    """A version holds this work, but a later one is in use: a run puts it back in use."""
    PUBLISHED = "published"
    """A version holds this work, and nothing is left to do."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the pipeline; each step is one DAG.

    Special behaviour of a step is a field, or a method that a subclass in the step's room
    overrides. No other code compares names of steps.

    Attributes:
        publishes: the kind of version that the step makes.
        function: ``module:name`` of the function that does the work; it takes a
            :class:`~dustjacket.pipeline.job.Job` and a Spark session, and is imported only to run.
            A step that reads a source runs without Spark where the session is None.
        parameters, facts: classes of its parameters and of the facts in its manifests.
        reads: required kinds; by default, the versions in use.
        optional_inputs: kinds that it also reads if a version of them is published.
        follows: kinds that it does not read, but that decide on what it reads: a run waits until
            the steps that make them have ended.
        promotes_to: the kind that a promotion publishes from this step's result, if any.
        experiment: MLflow experiment of its runs, if it has any.
        artifacts: paths of pages in its MLflow run, by link text.
        spark: additional Spark settings of its jobs.
        section: key of its metrics in ``report.json``.
        completes: whether the function also completes what an attempt left undone that was
            interrupted after it had published; otherwise a published version is left alone.
    """

    name: str
    publishes: str
    function: str
    parameters: type[StepParameters]
    facts: type[Facts] = Facts
    reads: tuple[str, ...] = ()
    optional_inputs: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    promotes_to: str | None = None
    experiment: str | None = None
    artifacts: dict[str, str] = field(default_factory=dict)
    spark: dict[str, str] = field(default_factory=dict)
    section: str = ""
    completes: bool = False

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

    def further_inputs(
        self,
        parameters: StepParameters,
        settings: "Settings",  # noqa: ARG002
    ) -> tuple[str, ...]:
        """Return further kinds that a run reads if a version of them is published."""
        return parameters.optional_inputs

    def fingerprint(self, source: str, store: "Store") -> str:
        """Return a digest of what the step reads of ``source``; see ``sources.files``."""
        return fingerprint(source, store.settings, store)

    def find_published(self, plan: "Plan", store: "Store") -> Manifest | None:
        """Return the version that holds the plan's work, or None."""
        return store.with_digest(self.publishes, plan.digest)

    def before_reuse(self, version: Manifest, store: "Store") -> None:
        """Do what must be done before an earlier version is put back in use."""

    def conflict(
        self,
        named: "Collection[str]",  # noqa: ARG002
        store: "Store",  # noqa: ARG002
        defaults: "TeamDefaults",  # noqa: ARG002
    ) -> str | None:
        """Return why the inputs in use do not belong together, or None.

        Args:
            named: the kinds of which a person named the version to read.
        """
        return None

    def reason_to_rest(
        self,
        parameters: StepParameters,  # noqa: ARG002
        store: "Store",  # noqa: ARG002
        now: "datetime",  # noqa: ARG002
    ) -> str | None:
        """Return why a run that no person started should leave new work alone, or None."""
        return None

    def review(self, version: Manifest, store: "Store") -> tuple[Status, str]:  # noqa: ARG002
        """Return the status of a version that holds a plan's work, and the reason."""
        return Status.PUBLISHED, f"{version.kind}/{version.version} holds this work"
