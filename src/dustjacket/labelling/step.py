"""The step ``label_catalog``: its parameters and its facts."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from dustjacket.genres.step import other_library
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.parameters import StepParameters
from dustjacket.pipeline.step import Step
from dustjacket.storage.manifest import Facts

if TYPE_CHECKING:
    from collections.abc import Collection

    from dustjacket.pipeline.team_defaults import TeamDefaults
    from dustjacket.storage.store import Store


class LabelCatalogParameters(StepParameters):
    """Parameters of ``label_catalog``."""

    alternatives: int = Field(
        2, ge=0, le=9, description="Number of other likely subjects to record for each book"
    )
    review: int = Field(
        1000,
        ge=0,
        le=20_000,
        description="Books to keep for review: those whose listed subject the classifier "
        "contradicts most",
    )


class LabelledCatalogFacts(Facts):
    """Facts of a labelled catalogue.

    Attributes:
        labelled: number of books.
        not_sure: of how many the classifier is not sure.
        held_out: how many have out-of-fold labels, as the classifier was trained on them.
        subjects: how many of each subject, of those of which it is sure.
        contradicted: how many have a listed subject that the classifier contradicts.
        noise, noise_interval: the share of these, an estimate of how many listed subjects are
            wrong, and its 95 % interval.
        to_review: how many of them are kept for review.
    """

    labelled: int
    not_sure: int
    held_out: int
    subjects: dict[str, int]
    contradicted: int
    noise: float
    noise_interval: tuple[float, float]
    to_review: int

    def outcome(self, parameters: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Return how many books are labelled, and of how many the classifier is not sure."""
        return f"{self.labelled:,} books, not sure of {self.not_sure:,}"


class LabelCatalog(Step):
    """The step; a classifier labels the catalogue of its own library only."""

    def conflict(
        self,
        named: "Collection[str]",
        store: "Store",
        defaults: "TeamDefaults",  # noqa: ARG002
    ) -> str | None:
        """Return that the classifier in use is of another library than the catalogue, or None."""
        from dustjacket.pipeline.steps import in_use

        catalog, classifier = store.newest(Kind.CATALOG), in_use(store, Kind.GENRE_CLASSIFIER)
        if Kind.GENRE_CLASSIFIER in named or catalog is None or classifier is None:
            return None
        return other_library(classifier, catalog, store)


LABEL_CATALOG = LabelCatalog(
    name="label_catalog",
    publishes=Kind.LABELLED_CATALOG,
    function="dustjacket.labelling.catalog:label_catalog",
    parameters=LabelCatalogParameters,
    facts=LabelledCatalogFacts,
    reads=(Kind.CATALOG, Kind.GENRE_CLASSIFIER),
    experiment="genre-classifier",
    section="labelled_catalog",
)
STEPS = [LABEL_CATALOG]
