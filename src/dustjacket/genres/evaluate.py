"""Evaluation of the selected classifier, and its comparison with the champion."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.genres.abstention import coverage_curve, measure_abstention
from dustjacket.genres.checklist import keywords, run_checklist
from dustjacket.genres.error_examples import metrics_by_slice, worst_confusions
from dustjacket.genres.fits import Fits
from dustjacket.genres.label_noise import sample_weights, suspects
from dustjacket.genres.scorer import Scorer
from dustjacket.genres.selection import CandidateResult
from dustjacket.genres.training_data import TestData
from dustjacket.metrics.bootstrap import Interval
from dustjacket.metrics.classification import likeliest, probability_metrics
from dustjacket.metrics.classification_intervals import difference, intervals
from dustjacket.metrics.paired import detectable_gain, paired_outcome
from dustjacket.promotion.spending import level, sketch, uses
from dustjacket.storage.manifest import Manifest

PROMOTED, NOT_BETTER, INSUFFICIENT = "promoted", "not_better", "insufficient"
_SHARES = (0.125, 0.25, 0.5)
_MIN_ROWS = 50
_CHECKLIST_BOOKS = 200  # for each expectation; each costs two embeddings


@dataclass(frozen=True)
class Evaluation:
    """Metrics, tables and predictions of the selected classifier.

    Attributes:
        test: metrics on test books.
        intervals: 95 % intervals of accuracy, f1_weighted and f1_macro on test books.
        out_of_fold: metrics on training books, each predicted by models not trained on its fold.
        down_weighted: the deciding metric, its mean over folds when suspects are down-weighted;
            slightly optimistic, as models that saw the held-out fold chose the suspects.
        probabilities: (test books, genres).
        predicted: the likeliest genre of each test book.
        sure: the coverage and the error of the abstention, as in
            :func:`dustjacket.genres.abstention.measure_abstention`.
        descriptions: what descriptions add to the metrics on test books that have one: value, and
            its 95 % interval; empty if none was learnt.
        coverage: the accuracy at each coverage of the test books.
        suspects: training books whose genre the model contradicts.
        confusions: the most frequent ones on test books, with titles.
        slices: metrics by genre, by length of title, and by whether training knew the author.
        behaviours: the result of the checklist on test books.
        curve: share and number of training rows, and the deciding metric on held-out books.
    """

    test: dict[str, float]
    intervals: dict[str, Interval]
    out_of_fold: dict[str, float]
    down_weighted: float
    probabilities: np.ndarray
    predicted: list[str]
    sure: dict[str, tuple[float, float, float]]
    descriptions: dict[str, tuple[float, float, float]]
    coverage: pd.DataFrame
    suspects: pd.DataFrame
    confusions: pd.DataFrame
    slices: pd.DataFrame
    behaviours: pd.DataFrame
    curve: pd.DataFrame


def evaluate(
    fits: Fits, selected: CandidateResult, scorer: Scorer, test_data: TestData
) -> Evaluation:
    """Evaluate the selected classifier on test books, and its training data for label noise."""
    data = fits.training_data
    genres, metric, seed = data.genres, data.parameters.metric, data.parameters.seed
    prediction = test_data.predict(scorer)
    probabilities = prediction.probabilities
    predicted = likeliest(probabilities, genres)
    true = list(test_data.books["genre"])
    right = np.array(predicted) == np.array(true)
    groups = pd.factorize(test_data.books["group"])[0]
    sample_weight = sample_weights(
        data.books, selected.probabilities, genres, weight=data.parameters.suspect_weight
    )
    down_weighted = [
        fits.score_result(selected, fold, sample_weight=sample_weight).metrics(data)[metric]
        for fold in range(data.parameters.folds)
    ]
    return Evaluation(
        test=probability_metrics(true, probabilities, genres),
        intervals=intervals(true, predicted, groups=groups, seed=seed),
        out_of_fold=probability_metrics(list(data.books["genre"]), selected.probabilities, genres),
        down_weighted=float(np.mean(down_weighted)),
        probabilities=probabilities,
        predicted=predicted,
        sure=measure_abstention(prediction.sure, right, groups),
        descriptions=_gain_of_descriptions(scorer, predicted, test_data),
        coverage=coverage_curve(probabilities.max(axis=1), right),
        suspects=suspects(data.books, selected.probabilities, genres),
        confusions=worst_confusions(test_data.books, predicted),
        slices=metrics_by_slice(test_data.books, predicted, data.books["author"]),
        behaviours=run_checklist(
            scorer.probabilities,
            test_data.books,
            genres,
            keywords(data.books),
            seed=seed,
            max_books=_CHECKLIST_BOOKS,
        ),
        curve=_learning_curve(fits, selected, metric),
    )


def _gain_of_descriptions(
    scorer: Scorer, predicted: Sequence[str], test_data: TestData
) -> dict[str, tuple[float, float, float]]:
    books = test_data.books
    rows = np.flatnonzero(books["description"].fillna("").astype(bool)).tolist()
    if not (scorer.model.use_descriptions and len(rows)):
        return {}
    without = likeliest(test_data.predict(scorer, described=False).probabilities, scorer.genres)
    true = list(books["genre"].iloc[rows])
    with_them, without_them = ([names[row] for row in rows] for names in (predicted, without))
    groups = pd.factorize(books["group"].iloc[rows])[0]
    return {
        metric: difference(true, with_them, without_them, metric, groups=groups)
        for metric in ("accuracy", "f1_weighted", "f1_macro")
    }


def _learning_curve(fits: Fits, selected: CandidateResult, metric: str) -> pd.DataFrame:
    rows = int((fits.training_data.folds != 0).sum())
    partial_shares = [share for share in _SHARES if share * rows >= _MIN_ROWS]
    values = [
        fits.score_result(selected, 0, share=share).metrics(fits.training_data)[metric]
        for share in partial_shares
    ]
    shares = [*partial_shares, 1.0]
    return pd.DataFrame(
        {
            "share": shares,
            "rows": [round(share * rows) for share in shares],
            metric: [*values, selected.values[0]],
        }
    )


def check_usable(
    evaluation: Evaluation, test_data: TestData, majority: str, min_test_books: int
) -> dict[str, str] | None:
    """Return the verdict and the reason why a classifier is not worth using, or None if it is.

    It is if there are test books enough, and the whole 95 % interval of its accuracy minus that of
    always predicting one genre is above zero.

    Args:
        evaluation: of the classifier.
        test_data: the books on which it was evaluated.
        majority: the most frequent genre of the training books.
        min_test_books: the least number of test books.
    """
    books, true = len(test_data.books), list(test_data.books["genre"])
    if books < min_test_books:
        reason = f"{books} test books are too few: give a larger listing, or lower min_test_books"
        return {"verdict": INSUFFICIENT, "reason": f"{reason} ({min_test_books})"}
    gain, low, high = difference(true, evaluation.predicted, [majority] * books, "accuracy")
    if low > 0:
        return None
    reason = (
        f"accuracy is {evaluation.test['accuracy']:.3f} on {books} test books, which is "
        f"{gain:+.3f} (95 % interval {low:+.3f} to {high:+.3f}) compared with always predicting "
        f"{majority!r}: titles and authors do not tell the genres apart"
    )
    return {"verdict": NOT_BETTER, "reason": reason}


def compare_with_champion(
    evaluation: Evaluation,
    champion: Manifest | None,
    load: Callable[[Manifest], Scorer],
    test_data: TestData,
    metric: str,
    earlier: Sequence[Sequence[str] | None] = (),
) -> dict[str, str]:
    """Return the verdict, whether a classifier replaces the champion, and the reason.

    It does if it is right on more of the same test books, by the exact test at the level of this
    use of the test side, and its metric is not lower; or if the champion's files cannot be read. A
    champion whose sentence model is missing here stays.

    Args:
        evaluation: of the new classifier.
        champion: None if there is none yet.
        load: reads the champion.
        test_data: the books on which both are compared.
        metric: accuracy, f1_weighted or f1_macro.
        earlier: the test side of each earlier decision, for
            :func:`dustjacket.promotion.spending.uses`.
    """
    if champion is None:
        return {"verdict": PROMOTED, "reason": "there is no champion yet"}
    try:
        scorer = load(champion)
        champion_probabilities = test_data.predict(scorer).probabilities
    except CorruptVersionError as error:
        return {
            "verdict": PROMOTED,
            "reason": f"the champion {champion.version} cannot be read: {error}",
        }
    except NotReadyError as error:
        reason = f"not compared with the champion {champion.version}, which stays: {error}"
        return {"verdict": NOT_BETTER, "reason": reason}
    true, theirs = list(test_data.books["genre"]), likeliest(champion_probabilities, scorer.genres)
    groups = pd.factorize(test_data.books["group"])[0]
    gain, low, high = difference(true, evaluation.predicted, theirs, metric, groups=groups)
    ours_right, theirs_right = (
        np.array(predicted) == np.array(true) for predicted in (evaluation.predicted, theirs)
    )
    outcome = paired_outcome(ours_right, theirs_right, groups)
    decisions = uses(sketch(test_data.books["group"]), earlier)
    at = level(decisions)
    better = outcome.interval(1 - 2 * at)[0] > 0 and gain >= 0
    reason = (
        f"{metric} is {evaluation.test[metric]:.3f} on {len(test_data.books)} test books; the "
        f"difference to the champion {champion.version} is {gain:+.3f} (95 % interval {low:+.3f} "
        f"to {high:+.3f}). It is right on {outcome.better} books where the champion is wrong, and "
        f"wrong on {outcome.worse} where it is right (exact one-sided p = {outcome.p_better:.2g}). "
        f"These test books decided {decisions} times before, so the level is {at:.2g}, at which "
        f"they find a gain in accuracy of {detectable_gain(outcome.size, at):+.3f} four times in "
        "five"
    )
    return {"verdict": PROMOTED if better else NOT_BETTER, "reason": reason}
