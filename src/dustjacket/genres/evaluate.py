"""What is found out of the selected classifier: on test books, of its data, of its behaviour."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.genres.checklist import behaviours, keywords
from dustjacket.genres.error_examples import slices, worst_confusions
from dustjacket.genres.fits import Fits
from dustjacket.genres.label_noise import suspects, trust
from dustjacket.genres.scorer import Scorer
from dustjacket.genres.selection import Result
from dustjacket.genres.training_data import TestData
from dustjacket.metrics.classification import likeliest, probability_metrics
from dustjacket.metrics.classification_intervals import difference, intervals
from dustjacket.storage.manifest import Manifest

PROMOTED, NOT_BETTER = "promoted", "not_better"
_SHARES = (0.125, 0.25, 0.5)
_LEAST_ROWS = 50
_CHANGED_BOOKS = 200  # a behaviour; each costs two embeddings


@dataclass(frozen=True)
class Assessment:
    """What was found.

    Attributes:
        test: metrics on test books.
        intervals: 95 % of accuracy, f1_weighted and f1_macro, by resampling test books.
        out_of_fold: metrics of known books, each by the fold that did not see it.
        down_weighted: the deciding metric's mean over folds, with suspects down-weighted; a little
            too good, for what is suspect was found by models that saw the held-out fold.
        probabilities: (test books, genres).
        predicted: the likeliest genre of each test book.
        suspects: known books whose genre the model contradicts.
        confusions: of test books, the most frequent, with titles.
        slices: metrics by genre, length of title, with and without author.
        behaviours: what changes of a title do to its genre.
        curve: the share of training rows, their number, the deciding metric on the held-out fold.
    """

    test: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    out_of_fold: dict[str, float]
    down_weighted: float
    probabilities: np.ndarray
    predicted: list[str]
    suspects: pd.DataFrame
    confusions: pd.DataFrame
    slices: pd.DataFrame
    behaviours: pd.DataFrame
    curve: pd.DataFrame


def assess(fits: Fits, chosen: Result, scorer: Scorer, test: TestData) -> Assessment:
    """Find out what there is to know of the selected classifier."""
    known = fits.known
    genres, metric, seed = known.genres, known.parameters.metric, known.parameters.seed
    found = test.probabilities(scorer)
    predicted = likeliest(found, genres)
    true = list(test.books["genre"])
    trusted = trust(
        known.books, chosen.probabilities, genres, weight=known.parameters.suspect_weight
    )
    down_weighted = [
        fits.score_result(chosen, fold, trust=trusted).metrics(known)[metric]
        for fold in range(known.parameters.folds)
    ]
    return Assessment(
        test=probability_metrics(true, found, genres),
        intervals=intervals(true, predicted, seed=seed),
        out_of_fold=probability_metrics(list(known.books["genre"]), chosen.probabilities, genres),
        down_weighted=float(np.mean(down_weighted)),
        probabilities=found,
        predicted=predicted,
        suspects=suspects(known.books, chosen.probabilities, genres),
        confusions=worst_confusions(test.books, predicted),
        slices=slices(test.books, predicted),
        behaviours=behaviours(
            scorer.probabilities,
            test.books,
            genres,
            keywords(known.books),
            seed=seed,
            most=_CHANGED_BOOKS,
        ),
        curve=_learning_curve(fits, chosen, metric),
    )


def _learning_curve(fits: Fits, chosen: Result, metric: str) -> pd.DataFrame:
    rows = int((fits.known.folds != 0).sum())
    some = [share for share in _SHARES if share * rows >= _LEAST_ROWS]
    values = [
        fits.score_result(chosen, 0, share=share).metrics(fits.known)[metric] for share in some
    ]
    shares = [*some, 1.0]
    return pd.DataFrame(
        {
            "share": shares,
            "rows": [round(share * rows) for share in shares],
            metric: [*values, chosen.values[0]],
        }
    )


def judge(
    found: Assessment,
    before: Manifest | None,
    load: Callable[[Manifest], Scorer],
    test: TestData,
    metric: str,
) -> dict[str, str]:
    """Return whether a classifier takes the champion's place, by the same test books, and why.

    It does if the whole 95 % interval of the difference is above zero, or the champion can never be
    read again. A champion that lacks its sentence model here and now stays.

    Args:
        before: the champion.
        load: reads it.
    """
    if before is None:
        return {"verdict": PROMOTED, "reason": "there is no champion yet"}
    try:
        champion = load(before)
        theirs = test.probabilities(champion)
    except CorruptVersionError as error:
        return {
            "verdict": PROMOTED,
            "reason": f"the champion {before.version} cannot be read: {error}",
        }
    except NotReadyError as error:
        reason = f"not compared with the champion {before.version}, which stays: {error}"
        return {"verdict": NOT_BETTER, "reason": reason}
    gain, low, high = difference(
        list(test.books["genre"]),
        found.predicted,
        likeliest(theirs, champion.genres),
        metric,
    )
    reason = (
        f"{metric} {found.test[metric]:.3f} is {gain:+.3f} ({low:+.3f} to {high:+.3f}) from that "
        f"of {before.version}, on {len(test.books)} test books"
    )
    return {"verdict": PROMOTED if low > 0 else NOT_BETTER, "reason": reason}
