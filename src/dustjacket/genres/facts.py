"""The facts of classifiers and of labelled covers, and what a person reads of them."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from dustjacket.storage.manifest import Facts

LOGIT_ADJUSTMENT = "logit_adjustment"
"""The treatment of imbalance after which probabilities are no longer calibrated."""


class ClassifierFacts(Facts):
    """Facts of a classifier.

    Attributes:
        selected: name of the candidate that was chosen.
        model_version: its version in MLflow's registry.
        candidates: name, cv_mean, cv_std, seconds and more of each candidate.
        left_out: why a candidate of the parameters was not compared, by its name.
        imbalance: how imbalance of genres is treated, if treatments were compared.
        test, intervals: metrics on the test books, and their 95 % intervals.
        abstention: fields of :class:`dustjacket.genres.answers.Abstention`.
        sure: ``coverage`` (share of test books that the classifier is sure of) and ``error`` (share
            of wrong genres among those): value, and its 95 % interval; empty in earlier releases.
        descriptions: metrics on test books that have a description, with it minus without it:
            value, and its 95 % interval; empty if none was learnt, and in earlier releases.
        subjects: with ``labels=many``, F1 (micro, macro, at 5) and nDCG at 5 of subjects on test
            books: value, and its 95 % interval.
        n_subjects: how many subjects were learnt.
        vocabulary: its name, terms, those without books, and subjects that are none of its terms;
            empty without one.
        by_depth: metrics on the test books at each depth of genres from subjects.
        out_of_fold: metrics of out-of-fold predictions.
        suspects: books whose genre the model contradicts.
        corrections: of :class:`dustjacket.genres.label_noise.CorrectionEffect`; None if no training
            book has one.
        repeated_paper: metrics of the paper's own protocol, if it was repeated.
        test_side: of :func:`dustjacket.promotion.spending.sketch`; None in earlier releases.
        choice: why that candidate was chosen; empty in earlier releases.
        champion: version of the classifier in use after the comparison, this one or an earlier;
            empty: none is worth using.
        verdict, reason: whether this one was promoted, and why.
    """

    selected: str
    model_version: str
    candidates: list[dict[str, Any]]
    left_out: dict[str, str] = Field(default_factory=dict)
    imbalance: str = ""
    test: dict[str, float]
    intervals: dict[str, tuple[float, float]] = Field(default_factory=dict)
    abstention: dict[str, float] = Field(default_factory=dict)
    sure: dict[str, tuple[float, float, float]] = Field(default_factory=dict)
    descriptions: dict[str, tuple[float, float, float]] = Field(default_factory=dict)
    subjects: dict[str, tuple[float, float, float]] = Field(default_factory=dict)
    n_subjects: int = 0
    vocabulary: dict[str, Any] = Field(default_factory=dict)
    by_depth: dict[str, dict[str, float]] = Field(default_factory=dict)
    out_of_fold: dict[str, float] = Field(default_factory=dict)
    down_weighted: float = 0.0
    suspects: list[dict[str, Any]] = Field(default_factory=list)
    corrections: dict[str, Any] | None = None
    repeated_paper: dict[str, float] = Field(default_factory=dict)
    genres: list[str] = Field(default_factory=list)
    test_side: list[str] | None = None
    run_id: str = ""
    choice: str = ""
    champion: str | None = None
    verdict: str
    reason: str

    def outcome(self, parameters: Mapping[str, Any]) -> str:
        """Return the chosen candidate, its deciding metric and the verdict."""
        means = {row["name"]: row["cv_mean"] for row in self.candidates}
        mean = means.get(self.selected)
        figure = "" if mean is None else f" {mean:.3f} {parameters.get('metric', '')}".rstrip()
        return f"{self.selected}{figure} → {self.verdict}"

    def details(self, parameters: Mapping[str, Any]) -> str:
        """Return the table of the candidates, the reason of the choice, and the test metrics."""
        rows = [
            f"| {'**' if row['name'] == self.selected else ''}{row['name']}"
            f"{'** (chosen)' if row['name'] == self.selected else ''} | {row['cv_mean']:.3f} "
            f"| {row['cv_std']:.3f} | {row['seconds']:.0f} |"
            for row in sorted(self.candidates, key=lambda row: -row["cv_mean"])
        ]
        metric = parameters.get("metric", "metric")
        table = [
            f"| candidate | {metric}, mean of folds | ± | seconds |",
            "|---|---|---|---|",
            *rows,
        ]
        tested = [
            f"- {name} {value:.3f}" + (" ({:.3f} to {:.3f})".format(*bounds) if bounds else "")
            for name, value in self.test.items()
            for bounds in [self.intervals.get(name)]
        ]
        parts = [
            "\n".join(table) if rows else "",
            f"Why this one: {self.choice}." if self.choice else "",
            f"Verdict: **{self.verdict}**. {self.reason}",
            "\n".join(["On held-out books, with 95 % intervals:\n", *tested]) if tested else "",
        ]
        return "\n\n".join(filter(None, parts))


class LabelFacts(Facts):
    """Facts of labelled covers.

    Attributes:
        labelled: how many.
        sure: how many of them the classifier is sure of.
        held_out: how many have out-of-fold labels, as the classifier was trained on their books.
        reserved: how many no model may be trained on, as text and data mining is reserved.
        genres: how many of each predicted genre.
        accuracy: by name, the value, its 95 % interval and the number of covers: ``estimated`` from
            the probabilities of all covers, ``realised`` of covers whose category is a genre of the
            classifier, ``estimated_there`` of those. What is unknown is missing.
    """

    labelled: int
    sure: int = 0
    held_out: int = 0
    reserved: int = 0
    genres: dict[str, int] = Field(default_factory=dict)
    accuracy: dict[str, dict[str, Any]] = Field(default_factory=dict)

    def outcome(self, parameters: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Return how many covers are labelled, and of how many the classifier is sure."""
        return f"{self.labelled:,} covers, sure of {self.sure:,}"
