"""The candidates that can be compared, and why others are left out."""

import logging
from collections.abc import Sequence

from dustjacket.errors import BadInputError
from dustjacket.genres.candidates import (
    CANDIDATES,
    Candidate,
    SparkCandidate,
    TaskCandidate,
    VoteCandidate,
    plugin_candidate,
)
from dustjacket.genres.features import SELECTED
from dustjacket.genres.plugins import PluginError
from dustjacket.genres.training_data import TrainingData

log = logging.getLogger(__name__)


def eligible(training_data: TrainingData, left_out: dict[str, str]) -> list[Candidate]:
    """Return the candidates of the parameters that can be trained; log why others cannot.

    Args:
        left_out: gets why, by the name of each other plug-in.

    Raises:
        BadInputError: none can be trained.
    """
    candidates = [CANDIDATES[name] for name in dict.fromkeys(training_data.parameters.candidates)]
    embedded = {c.name for c in candidates if isinstance(c, TaskCandidate) and c.embedded}
    if training_data.sentences is None and embedded:
        log.warning("no sentence embeddings: %s left out", ", ".join(sorted(embedded)))
        candidates = [candidate for candidate in candidates if candidate.name not in embedded]
    learners = {c.learner for c in candidates if isinstance(c, TaskCandidate)}
    if len(learners) < 2 and any(isinstance(c, VoteCandidate) for c in candidates):
        log.warning("vote left out: it needs two different linear classifiers")
        candidates = [c for c in candidates if not isinstance(c, VoteCandidate)]
    for name in dict.fromkeys(training_data.parameters.plugins):
        try:
            candidates.append(plugin_candidate(name))
        except PluginError as error:
            leave_out(name, error, left_out)
    if not candidates:
        raise BadInputError("no candidate can be trained: name others, or give a sentence_model")
    return candidates


def leave_out(name: str, error: PluginError, left_out: dict[str, str]) -> None:
    """Log and record that a plug-in is not compared."""
    log.warning("%s; left out", error)
    left_out[name] = str(error)


def needs_selected_terms(candidates: Sequence[Candidate]) -> bool:
    """Return whether some candidate is trained on the column ``selected``."""
    return any(
        isinstance(candidate, SparkCandidate) and candidate.column == SELECTED
        for candidate in candidates
    )
