"""The steps ``select_classifier`` and ``label_covers``: their parameters, and what they read."""

from typing import TYPE_CHECKING, ClassVar, Literal, get_args

from pydantic import Field

from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.genres.facts import ClassifierFacts, LabelFacts
from dustjacket.genres.schemas import RetrainingParameters
from dustjacket.genres.training_step import TrainingStep
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.parameters import OrNone, StepParameters
from dustjacket.pipeline.step import Step
from dustjacket.storage.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Collection

    from dustjacket.pipeline.team_defaults import TeamDefaults
    from dustjacket.storage.store import Store

CandidateName = Literal[
    "naive_bayes",
    "logistic_regression",
    "logistic_regression_cv",
    "random_forest",
    "complement_nb",
    "linear_svm",
    "complement_nb_sentences",
    "linear_svm_sentences",
    "vote",
]
Labels = Literal["one", "many"]
GenreMetric = Literal["f1_weighted", "accuracy", "f1_macro"]


class ClassifierParameters(RetrainingParameters):
    """Parameters of ``select_classifier``."""

    main: ClassVar[frozenset[str]] = frozenset(
        {
            "candidates",
            "folds",
            "metric",
            "labels",
            "use_descriptions",
            "sentence_model",
            "max_error",
        }
    )
    candidates: tuple[CandidateName, ...] = Field(
        get_args(CandidateName), min_length=1, description="Classifiers to compare"
    )
    plugins: tuple[str, ...] = Field(
        (),
        max_length=20,
        description="Classifiers of other packages to compare too, by the names of their entry "
        "points in dustjacket.classifiers",
    )
    folds: int = Field(3, ge=2, le=10, description="Folds of the cross-validation")
    metric: GenreMetric = Field(
        "f1_weighted", description="Metric that selects the classifier, by its mean over folds"
    )
    treat_imbalance: bool = Field(
        False,
        description="Try the selected classifier without weights, with class weights and with "
        "logit adjustment, and take what has the best macro F1 on the folds",
    )
    labels: Labels = Field(
        "one",
        description="one: a genre a book. many: also its subjects, by a second model, if the "
        "catalog has them",
    )
    min_subject_books: int = Field(
        10,
        ge=2,
        le=100_000,
        description="Books that a subject must have to be learnt; a rarer one counts as its parent",
    )
    subject_vocabulary: str = Field(
        "",
        max_length=2000,
        description="Vocabulary of the subjects, for labels=many: SKOS (.ttl, .nt, .rdf) or a CSV "
        "table code,name,parent; path or s3:// address. Empty: each subject by itself",
    )
    min_test_books: int = Field(
        30, ge=1, le=100_000, description="Test books that a classifier must be evaluated on"
    )
    vocabulary: int = Field(
        20_000, ge=100, le=200_000, description="Number of the most frequent terms to count"
    )
    min_books_per_piece: int = Field(
        0,
        title="books that an n-gram must occur in",
        ge=0,
        le=1000,
        description="Training books an n-gram must occur in; 0: 1, or 2 above 50,000 books",
    )
    idf: bool = Field(
        True,
        title="weight by inverse document frequency (IDF)",
        description="Weight terms and n-grams by inverse document frequency (IDF)",
    )
    use_descriptions: bool = Field(
        True,
        description="Train on descriptions too, where the catalog has some; titles without one are "
        "predicted as well",
    )
    sentence_model: OrNone = Field(
        "all-MiniLM-L6-v2",
        max_length=500,
        description="Sentence model: name or folder; none: no sentence embeddings",
    )
    max_error: float = Field(
        0.1,
        gt=0,
        lt=1,
        description="Greatest share of wrong genres among those that the classifier is sure of; it "
        "says so of all others",
    )
    suspect_weight: float = Field(
        0.2,
        ge=0,
        le=1,
        description="Training weight of books whose genre the model contradicts, in one "
        "of the reported metrics (down_weighted)",
    )
    repeat_paper: bool = Field(
        False, description="Also run the paper's protocol, and report its figures"
    )
    seed: int = Field(13, ge=0, le=2**31 - 1, description="Random seed")

    @property
    def files(self) -> tuple[str, ...]:
        """The vocabulary, whose content decides on the labels."""
        return (self.subject_vocabulary,)

    @property
    def versions(self) -> dict[str, str]:
        """Versions of the plug-ins."""
        from dustjacket.genres.plugins import plugin_versions

        return plugin_versions(self.plugins)


class LabelParameters(StepParameters):
    """Parameters of ``label_covers``."""

    top: int = Field(
        3,
        title="genres to record",
        ge=1,
        le=10,
        description="Number of likeliest genres to record for each cover",
    )


class SelectClassifier(TrainingStep):
    """The step; the classifier in use may be an earlier one than the newest."""

    def in_use(self, store: "Store") -> Manifest | None:
        """Return the champion that the newest version names, or the newest version.

        None: no classifier is published, or none is worth using.
        """
        newest = store.newest(self.publishes)
        try:
            champion = newest and ClassifierFacts.of(newest).champion
            if champion == "":
                return None
            return store.manifest(self.publishes, champion) if champion else newest
        except (CorruptVersionError, NotReadyError):  # it was deleted, or its facts are damaged
            return newest

    def before_reuse(self, version: Manifest, store: "Store") -> None:
        """Point MLflow's aliases at the version and at the champion that it names."""
        from dustjacket.genres.registry import point_aliases
        from dustjacket.tracking.runs import connect

        connect(store.settings)
        facts = ClassifierFacts.of(version)
        if facts.champion == "":
            point_aliases(facts.model_version, None)
            return
        try:
            champion = store.manifest(version.kind, facts.champion or version.version)
        except NotReadyError:  # it was deleted: see in_use
            champion = version
        point_aliases(facts.model_version, ClassifierFacts.of(champion).model_version)


class LabelCovers(Step):
    """The step; a classifier labels the covers of its own library only."""

    def conflict(
        self, named: "Collection[str]", store: "Store", defaults: "TeamDefaults"
    ) -> str | None:
        """Return that the newest classifier is of another library than the covers, or None.

        The team's listing may not be published yet, or no classifier be selected on it yet.
        """
        catalog = store.newest(Kind.CATALOG)
        classifier = store.newest(Kind.GENRE_CLASSIFIER)
        if Kind.GENRE_CLASSIFIER in named or catalog is None or classifier is None:
            return None
        listing = defaults.source_of(Kind.CATALOG)
        covers = store.newest(Kind.COVERS)
        if (
            listing and catalog.source and listing != catalog.source
            and covers and covers.source == defaults.source_of(Kind.COVERS)
        ):  # fmt: skip
            return (
                f"{catalog.kind}/{catalog.version} is of {catalog.source}, and the team's listing "
                f"{listing} is not published yet"
            )
        if classifier.parents.get(Kind.CATALOG) in (None, catalog.version):
            return None
        source, has_other_genres = _compare_library(classifier, catalog, store)
        if source in (None, catalog.source) and not has_other_genres:
            return None
        return (
            f"{classifier.kind}/{classifier.version} is of another library than "
            f"{catalog.kind}/{catalog.version} ({catalog.source}), on which none is selected yet"
        )


def other_library(classifier: Manifest, catalog: Manifest, store: "Store") -> str | None:
    """Return that a classifier was selected for another library, or None.

    It was if it knows other genres: of the same source, if less than half of the genres are the
    same; of another source, if any differs.
    """
    source, has_other_genres = _compare_library(classifier, catalog, store)
    if not has_other_genres:
        return None
    return f"the champion {classifier.version} is of another library ({source}), with other genres"


def _compare_library(
    classifier: Manifest, catalog: Manifest, store: "Store"
) -> tuple[str | None, bool]:
    """Return the source of a classifier's catalog, if it is known, and whether genres differ."""
    try:
        source = store.manifest(Kind.CATALOG, classifier.parents[Kind.CATALOG]).source
    except (CorruptVersionError, KeyError, NotReadyError):
        source = None
    from dustjacket.records.genres import genre_key  # DAG files import this module

    known = set(map(genre_key, ClassifierFacts.of(classifier).genres))
    listed = set(map(genre_key, (catalog.facts.get("profile") or {}).get("genres", ())))
    if not known or not listed or known == listed:
        return source, False
    is_other_source = source not in (None, catalog.source)
    return source, is_other_source or 2 * len(known & listed) < len(known | listed)


SELECT_CLASSIFIER = SelectClassifier(
    name="select_classifier",
    publishes=Kind.GENRE_CLASSIFIER,
    function="dustjacket.genres.select:select_classifier",
    parameters=ClassifierParameters,
    facts=ClassifierFacts,
    reads=(Kind.CATALOG,),
    experiment="genre-classifier",
    # Java's optimising compiler (C2) pays off for a large catalogue. With ten times its default
    # thresholds it leaves code alone that a small one runs too seldom.
    spark={
        "spark.driver.extraJavaOptions": "-XX:Tier4InvocationThreshold=50000 "
        "-XX:Tier4MinInvocationThreshold=6000 -XX:Tier4CompileThreshold=150000 "
        "-XX:Tier4BackEdgeThreshold=400000"
    },
    section="classifier",
    completes=True,
)
LABEL_COVERS = LabelCovers(
    name="label_covers",
    publishes=Kind.LABELLED_COVERS,
    function="dustjacket.genres.labels:label_covers",
    parameters=LabelParameters,
    facts=LabelFacts,
    reads=(Kind.COVERS, Kind.GENRE_CLASSIFIER),
    experiment="genre-classifier",
    section="labels",
)
STEPS = [SELECT_CLASSIFIER, LABEL_COVERS]
