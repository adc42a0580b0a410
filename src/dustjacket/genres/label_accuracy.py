"""How often labels of covers are right: as the probabilities promise, and as categories show."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.genres.facts import LOGIT_ADJUSTMENT, LabelFacts
from dustjacket.metrics.estimated import Accuracy, estimated_accuracy, realised_accuracy
from dustjacket.pipeline.kinds import Kind
from dustjacket.records.genres import genre_key
from dustjacket.storage.store import Store

_SHOWN_VERSIONS = 50


def count_by_genre(counted: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return the number of covers of each predicted genre, sorted by genre.

    Args:
        counted: rows of genre, category and covers.
    """
    found: dict[str, int] = {}
    for row in counted:
        found[row["genre"]] = found.get(row["genre"], 0) + int(row["covers"])
    return dict(sorted(found.items()))


def accuracies(
    counted: Sequence[Mapping[str, Any]], genres: Sequence[str], imbalance: str
) -> dict[str, Accuracy]:
    """Return the accuracies that :class:`dustjacket.genres.facts.LabelFacts` names.

    Args:
        counted: rows of predicted genre and category, with the number of covers, the total of
            the probabilities of their genres, and of the squares of these.
        genres: of the classifier.
        imbalance: how the classifier treats that of genres. After logit adjustment probabilities
            are as of genres of nearer sizes: they promise no accuracy, and nothing is estimated.
    """
    adjusted = imbalance == LOGIT_ADJUSTMENT
    known = set(map(genre_key, genres))
    with_genre = [row for row in counted if genre_key(row["category"] or "") in known]
    right = [row for row in with_genre if genre_key(row["genre"]) == genre_key(row["category"])]
    found = {
        "estimated": None if adjusted else _estimated(counted),
        "estimated_there": None if adjusted else _estimated(with_genre),
        "realised": realised_accuracy(_covers(right), _covers(with_genre)),
    }
    return {name: each for name, each in found.items() if each}


def _estimated(rows: Sequence[Mapping[str, Any]]) -> Accuracy | None:
    total, squares = (float(sum(row[name] for row in rows)) for name in ("total", "squares"))
    return estimated_accuracy(total, squares, _covers(rows))


def _covers(rows: Iterable[Mapping[str, Any]]) -> int:
    return sum(int(row["covers"]) for row in rows)


def earlier_accuracies(store: Store) -> list[tuple[str, dict[str, Accuracy]]]:
    """Return the version and the accuracies of the last labelled covers, oldest first."""
    found = []
    for version in store.versions(Kind.LABELLED_COVERS)[-_SHOWN_VERSIONS:]:
        try:
            facts = LabelFacts.of(store.manifest(Kind.LABELLED_COVERS, version))
        except (CorruptVersionError, NotReadyError):
            continue
        found.append((version, {name: Accuracy(**each) for name, each in facts.accuracy.items()}))
    return found
