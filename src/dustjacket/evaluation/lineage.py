"""The versions that a candidate and the champion were made from; some may be gone."""

import logging
from dataclasses import dataclass

import pandas as pd

from dustjacket.clip.starting import champion, ensure_starting
from dustjacket.clip.step import CandidateFacts, ClipParameters
from dustjacket.errors import DustjacketError, MissingVersionError
from dustjacket.evaluation.covers import read_books
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.parents import GONE, parent_of
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lineage:
    """What an evaluation follows from the candidate and the champion.

    Attributes:
        starting: the weights that the candidate's training started from; the champion if they are
            gone and cannot be made again.
        labels: the labelled covers that the candidate was trained on.
        books: their rows, of :func:`~dustjacket.evaluation.covers.read_books`.
        champion_labels: those that the champion was trained on; None for starting weights, and if
            they are gone.
        champion_books: their rows; None as ``champion_labels``.
        unchecked: why leaks from the champion's training cannot be found; empty if they can.
        missing: what is gone and what the evaluation therefore lacks, one sentence each.
    """

    starting: Manifest
    champion: Manifest
    labels: Manifest
    books: pd.DataFrame
    champion_labels: Manifest | None
    champion_books: pd.DataFrame | None
    unchecked: str
    missing: tuple[str, ...]


def read_lineage(store: Store, candidate: Manifest) -> Lineage:
    """Return the lineage of a candidate.

    Raises:
        MissingVersionError: what no evaluation can do without is gone: the candidate's labelled
            covers, their covers, or, before the first promotion, the starting weights.
    """
    missing: list[str] = []
    labels = parent_of(store, candidate, Kind.LABELLED_COVERS)
    books = read_books(store, labels)
    starting = _starting(store, candidate, labels)
    serving = champion(store, starting)
    if serving is None:
        raise MissingVersionError(
            f"{candidate.kind}/{candidate.version} started from weights that are gone, and no "
            f"model is promoted to compare it with: delete {candidate.kind}/{candidate.version}/"
            "manifest.json and run finetune_clip"
        )
    if starting is None:
        origin = CandidateFacts.of(candidate)
        missing.append(
            f"{origin.starting_kind}/{origin.starting_clip}, from which the candidate's training "
            "started, is gone: figures of the starting weights are those of the champion."
        )
    champion_labels, champion_books, unchecked = None, None, ""
    if Kind.LABELLED_COVERS in serving.parents:
        try:
            champion_labels = parent_of(store, serving, Kind.LABELLED_COVERS)
            same = champion_labels.version == labels.version
            champion_books = books if same else read_books(store, champion_labels)
        except GONE as error:
            champion_labels, unchecked = None, str(error)
            missing.append(
                "No leak from the champion's training can be found, and no drift since then is "
                f"known: {error}."
            )
    for sentence in missing:
        log.warning("%s", sentence)
    return Lineage(
        starting=starting or serving,
        champion=serving,
        labels=labels,
        books=books,
        champion_labels=champion_labels,
        champion_books=champion_books,
        unchecked=unchecked,
        missing=tuple(missing),
    )


def _starting(store: Store, candidate: Manifest, labels: Manifest) -> Manifest | None:
    """Return the weights that training started from, made again if they were deleted, or None."""
    origin = CandidateFacts.of(candidate)
    try:
        return store.manifest(origin.starting_kind, origin.starting_clip)
    except DustjacketError as error:
        log.warning("%s: it is made again if it can be", error)
    if origin.starting_kind != Kind.STARTING_CLIP:
        return None
    try:
        parameters = ClipParameters.recorded(candidate.parameters)
        again = ensure_starting(store, parameters, parent_of(store, labels, Kind.COVERS))
    except DustjacketError as error:
        log.warning("the starting weights cannot be made again: %s", error)
        return None
    return again if again.version == origin.starting_clip else None
