"""Seconds to cross-validate the sparse candidates, beside scikit-learn's GridSearchCV.

On generated titles of 32 genres: ``ROWS`` of them (207,572 without). Both try the same candidates
at the same settings on the same folds: scikit-learn with a job a core, its features kept in memory
(``memory=``), and each candidate's features those that are quickest for it. The medians of
``RUNS`` (6 without) are taken at a quarter of the rows, then all rows once; embeddings are timed by
themselves.
"""

import os
import tempfile
import time
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import mlflow
import numpy as np
import pandas as pd
from joblib.externals.loky import get_reusable_executor
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from dustjacket.genres.compare import cross_validate
from dustjacket.genres.eligible import eligible
from dustjacket.genres.fits import Fits
from dustjacket.genres.sentences import find_encoder
from dustjacket.genres.step import ClassifierParameters
from dustjacket.genres.training_data import TrainingData
from tests.benchmarks.measure import Measured, in_turn, line, measured
from tests.benchmarks.peers import JOBS, ngrams, terms, with_text
from tests.support.stores import bench

ROWS, GENRES, FOLDS = 207_572, 32, 3
SPARSE = ("naive_bayes", "logistic_regression", "complement_nb", "linear_svm")
_WORDS, _OWN = 40_000, 400


def generated(rows, seed=13):
    """Return books whose titles draw on common words, by Zipf's law, and on words of a genre."""
    draw = np.random.default_rng(seed)
    letters = np.array(list("aaabcdeeefghiiklmnooprstuvy"))
    words = np.array(["".join(draw.choice(letters, draw.integers(3, 10))) for _ in range(_WORDS)])
    own = draw.choice(words, (GENRES, _OWN))
    genres = draw.choice(GENRES, rows, p=(share := draw.dirichlet([4.0] * GENRES)) / share.sum())
    titles = []
    for genre, length in zip(genres, draw.integers(3, 11, rows), strict=True):
        common = words[np.minimum(draw.zipf(1.3, length) - 1, _WORDS - 1)]
        of_genre = own[genre][np.minimum(draw.zipf(1.3, length) - 1, _OWN - 1)]
        titles.append(" ".join(np.where(draw.random(length) < 0.35, of_genre, common)))
    authors = [f"{first} {last}" for first, last in words[draw.integers(0, 5000, (rows, 2))]]
    return pd.DataFrame(
        {
            "title": titles, "author": authors, "description": None,
            "genre": [f"genre {number:02}" for number in genres],
            "fold": draw.integers(0, FOLDS, rows),
        }
    )  # fmt: skip


def ours(spark, books):
    """Cross-validate our candidates."""
    parameters = ClassifierParameters(candidates=SPARSE, folds=FOLDS, sentence_model="")
    data = TrainingData(spark, books, None, parameters)
    with closing(data), closing(Fits(data, select=False)) as fits, mlflow.start_run():
        for result in cross_validate(fits, eligible(data, {}), {}):
            print(f"# {result.candidate.name} {result.mean:.3f} in {result.seconds:.0f} s of fits")


def peer(books: pd.DataFrame) -> Measured:
    """Measure scikit-learn in a process of its own, so that its memory is its own."""
    process = get_context("spawn").Process(target=search, args=(books,))

    def run() -> None:
        process.start()
        process.join()
        if process.exitcode:
            raise RuntimeError("scikit-learn failed")

    return measured(run, process)


def search(books: pd.DataFrame) -> None:
    """Cross-validate scikit-learn's candidates; each has features, and settings, like ours."""
    few = len(books) <= 50_000
    of_terms, of_ngrams = terms(ClassifierParameters().vocabulary), ngrams(1 if few else 2)
    table = with_text(books)
    trained = len(books) * (FOLDS - 1) / FOLDS
    costs = [
        {"classifier__C": [0.1, 0.3], "classifier__class_weight": [None]},
        {"classifier__C": [0.3], "classifier__class_weight": ["balanced"]},
    ]
    svm = LinearSVC(tol=1e-2, max_iter=200, dual=True)
    logistic = LogisticRegression(C=1 / (1e-4 * trained), max_iter=25)
    with tempfile.TemporaryDirectory() as memory:  # one, so that features serve two candidates
        for features, classifier, grid in (
            (of_terms, MultinomialNB(), {"classifier__alpha": [0.1, 1.0]}),
            (of_terms, logistic, {}),
            (of_ngrams, ComplementNB(), {"classifier__alpha": [0.1, 0.3, 1.0]}),
            (of_ngrams, svm, costs),
        ):
            steps = [("features", ColumnTransformer(features)), ("classifier", classifier)]
            found = GridSearchCV(
                Pipeline(steps, memory=memory),
                grid,
                cv=PredefinedSplit(table["fold"]),
                scoring="f1_weighted",
                n_jobs=JOBS,
                refit=False,
            ).fit(table, table["genre"])
            print(f"# {type(classifier).__name__} {max(found.cv_results_['mean_test_score']):.3f}")
    get_reusable_executor().shutdown(kill_workers=True)  # idle, they keep a process for 300 s


def main():
    """Compare at a quarter of the rows, then at all."""
    rows = int(os.environ.get("ROWS") or ROWS)
    with bench("bench-selection-time", "select_classifier") as alone:
        mlflow.set_tracking_uri(f"sqlite:///{Path(alone.folder) / 'time.db'}")
        seconds = {}
        for count, runs in ((rows // 4, int(os.environ.get("RUNS") or 6)), (rows, 1)):
            books = generated(count)
            mine, theirs = in_turn(
                lambda b=books: measured(lambda: ours(alone.spark, b)),
                lambda b=books: peer(b),
                runs,
            )
            what = f"{GENRES} genres, {FOLDS} folds, {', '.join(SPARSE)}"
            times = [[run.seconds for run in runs] for runs in (mine, theirs)]
            line("selection-time", *times, "s", count, what)
            memory = ([run.memory_mib for run in runs] for runs in (mine, theirs))
            line("selection-memory", *memory, "MiB", count, what)
            seconds[count] = median(times[0]), median(times[1])
        small, large = seconds[rows // 4], seconds[rows]
        note = "how much longer four times the rows take"
        line("selection-growth", large[0] / small[0], large[1] / small[1], "times", rows, note)
        encoder = find_encoder(ClassifierParameters().sentence_model)
        some = generated(4000)
        began = time.monotonic()
        encoder.encode(list(some["title"]), list(some["author"]))
        rate = len(some) / (time.monotonic() - began)
        line("selection-embeddings", rate, 0, "titles/s", len(some), "apart; one process")


if __name__ == "__main__":
    main()
