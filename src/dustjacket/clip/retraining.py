"""Whether labelled covers have drifted so far that it is time to train again.

Two signs need no labels and no computation beyond the manifests: the mix of predicted genres, and
the share of covers that the classifier is sure of. A version violates if one of them differs from
the covers of the last training by more than a limit, and by more than chance explains.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from scipy.stats import norm

from dustjacket.clip.schemas import RetrainingParameters
from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.genres.facts import LabelFacts
from dustjacket.metrics.stability import psi, psi_test
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.plan import erasures
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
    """The signs of one version of labelled covers, against those of the last training.

    Attributes:
        genre_mix: population stability index of the predicted genres.
        sure: change of the share of covers that the classifier is sure of.
        new_books: labelled covers more than at the last training.
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
        return None  # nothing is trained yet, or the covers of the last training are gone
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
        return f"{newest.new_books} covers are new: min_new_books={rules.min_new_books}"
    return None


def history(store: Store, candidates: str) -> TrainingHistory:
    """Return the trainings that made ``candidates``, and the labelled covers since the last."""
    manifests = []
    for version in store.versions(candidates):
        try:
            manifests.append(store.manifest(candidates, version))
        except (CorruptVersionError, NotReadyError):
            continue
    trained = [manifest.published_at for manifest in manifests]
    try:
        last = store.manifest(Kind.LABELLED_COVERS, manifests[-1].parents[Kind.LABELLED_COVERS])
        reference = LabelFacts.of(last)
    except (CorruptVersionError, NotReadyError, IndexError, KeyError):
        return TrainingHistory(trained, [])
    windows = []
    for version in store.versions(Kind.LABELLED_COVERS):
        if version > last.version:
            facts = LabelFacts.of(store.manifest(Kind.LABELLED_COVERS, version))
            windows.append(compare(reference, facts, version))
    return TrainingHistory(trained, windows)


def learned_what_is_erased(store: Store, candidates: str) -> bool:
    """Return whether books were erased from the covers of the last training, on request."""
    newest = store.newest(candidates)
    try:
        covers = newest and store.manifest(
            Kind.LABELLED_COVERS, newest.parents[Kind.LABELLED_COVERS]
        )
    except (CorruptVersionError, NotReadyError, KeyError):
        return False
    if not newest or not covers:
        return False
    return not erasures([covers]).items() <= newest.fingerprints.items()


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
