"""Whether books or labelled covers have drifted so far that it is time to train again.

Signs need no computation beyond the manifests: the mix of genres, which are listed ones of a
catalogue and predicted ones of covers, and the share of covers that the classifier is sure of. A
version violates if one of them differs from the version of the last training by more than a limit,
and by more than chance explains.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from scipy.stats import norm

from dustjacket.catalog.statistics import CatalogStatistics
from dustjacket.catalog.step import CatalogFacts
from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.genres.facts import LabelFacts
from dustjacket.genres.schemas import RetrainingParameters
from dustjacket.metrics.stability import psi, psi_test
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.plan import erasures
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

MAX_PSI, MAX_CHANGE = 0.1, 0.1
"""Limits of the index of the genre mix, above which it is some change (Siddiqi, Credit Risk
Scorecards, 2006), and of the change in the share of sure answers."""
LEVEL = 0.005
"""The largest p-value of a sign: without drift, one of the two violates in at most 1 %."""
_PERMUTATIONS = 999
_MONTH = timedelta(days=30)


@dataclass(frozen=True)
class Window:
    """The signs of one version, against those of the version of the last training.

    Attributes:
        genre_mix: population stability index of the genres.
        sure: change of the share of covers that the classifier is sure of; 0 of a catalogue.
        new_books: books or covers more than at the last training.
    """

    version: str
    genre_mix: float
    sure: float
    new_books: int
    violated: bool


@dataclass(frozen=True)
class TrainingHistory:
    """The trainings so far, and the versions since the last.

    Attributes:
        trained: times of the trainings, oldest first.
        windows: oldest first.
    """

    trained: Sequence[datetime]
    windows: Sequence[Window]


def reason_to_wait(
    found: TrainingHistory, rules: RetrainingParameters, now: datetime
) -> str | None:
    """Return why it is not time to train again, or None."""
    if not found.trained or not found.windows:
        return None  # nothing is trained yet, or the books of the last training are gone
    looked_at = found.windows[-rules.drift_versions :]
    violations = sum(window.violated for window in looked_at)
    newest = found.windows[-1]
    if violations < rules.drift_violations:
        return (
            f"{violations} of the last {len(looked_at)} versions drifted, and "
            f"{rules.drift_violations} of {rules.drift_versions} are needed (genre mix "
            f"{newest.genre_mix:.2f}, change of sure answers {newest.sure:+.2f})"
        )
    rested = now - found.trained[-1]
    if rested < timedelta(days=rules.cooldown_days):
        return (
            f"the last training was {rested.days} days ago: cooldown_days={rules.cooldown_days:g}"
        )
    lately = sum(now - moment < _MONTH for moment in found.trained)
    if lately >= rules.max_retrains_per_month:
        return f"{lately} trainings were in the last 30 days: the maximum"
    if newest.new_books < rules.min_new_books:
        return f"{newest.new_books} books are new: min_new_books={rules.min_new_books}"
    return None


def history(store: Store, candidates: str, books: str) -> TrainingHistory:
    """Return the trainings that made ``candidates``, and the versions of ``books`` since the last.

    Args:
        books: the kind that is trained on: the catalogue, or labelled covers.
    """
    manifests = []
    for version in store.versions(candidates):
        try:
            manifests.append(store.manifest(candidates, version))
        except (CorruptVersionError, NotReadyError):
            continue
    trained = [manifest.published_at for manifest in manifests]
    try:
        last = store.manifest(books, manifests[-1].parents[books])
        reference = _signs(last)
    except (CorruptVersionError, NotReadyError, IndexError, KeyError):
        return TrainingHistory(trained, [])
    windows = []
    for version in store.versions(books):
        if version > last.version:
            facts = _signs(store.manifest(books, version))
            windows.append(compare(reference, facts, version))
    return TrainingHistory(trained, windows)


def _signs(books: Manifest) -> LabelFacts:
    if books.kind != Kind.CATALOG:
        return LabelFacts.of(books)
    profile = CatalogStatistics.model_validate(CatalogFacts.of(books).profile)
    return LabelFacts(labelled=profile.rows_accepted, genres=profile.genres)


def learned_what_is_erased(store: Store, candidates: str, books: str) -> bool:
    """Return whether books were erased from those of the last training, on request."""
    newest = store.newest(candidates)
    try:
        trained = newest and store.manifest(books, newest.parents[books])
    except (CorruptVersionError, NotReadyError, KeyError):
        return False
    if not newest or not trained:
        return False
    return not erasures([trained]).items() <= newest.fingerprints.items()


def compare(reference: LabelFacts, newest: LabelFacts, version: str) -> Window:
    """Return the signs of a version against those of the covers of the last training."""
    genres = sorted(reference.genres.keys() | newest.genres.keys())
    counts = np.array(
        [[facts.genres.get(genre, 0) for genre in genres] for facts in (reference, newest)]
    )
    mix = float(psi(*counts)) if genres else 0.0
    sure, sure_p = _change(reference, newest)
    violated = (
        mix > MAX_PSI and psi_test(counts, permutations=_PERMUTATIONS, seed=0)[1] <= LEVEL
    ) or (abs(sure) > MAX_CHANGE and sure_p <= LEVEL)
    new_books = newest.labelled - reference.labelled
    return Window(version, mix, sure, new_books, violated)


def _change(reference: LabelFacts, newest: LabelFacts) -> tuple[float, float]:
    """Return the change of the share of sure answers, and its two-sided p-value (z-test)."""
    sizes = reference.labelled, newest.labelled
    if not all(sizes):
        return 0.0, 1.0
    change = newest.sure / sizes[1] - reference.sure / sizes[0]
    pooled = (reference.sure + newest.sure) / sum(sizes)
    error = (pooled * (1 - pooled) * (1 / sizes[0] + 1 / sizes[1])) ** 0.5
    return change, float(2 * norm.sf(abs(change) / error)) if error else 1.0
