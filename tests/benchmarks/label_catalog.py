"""Rows a second of giving a file back with subjects, beside scikit-learn's pipeline.

A table of ``ROWS`` titles (100,000 without), drawn from the sample's grammar, becomes the same
table with subjects. Ours is ``label_file``, with a linear model on hashed words, word pairs and
character n-grams. The peer reads with pandas, predicts with TF-IDF of words, word pairs and
character n-grams and a logistic regression, and writes with pandas; it does not say whether it is
sure. Both models are trained on ``TRAINING`` (20,000) other titles. Each figure is the median of
``RUNS`` (6), ours and the peer's in turn, each in a process of its own.
"""

import os
import random
import tempfile
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from dustjacket.genres.answers import Abstention
from dustjacket.genres.hashed_linear import EnsembleMember, HashedLinear
from dustjacket.genres.hashed_ngrams import TfidfWeights, count_ngrams
from dustjacket.genres.scorer import Scorer
from dustjacket.genres.scores import Calibration
from dustjacket.labelling.label import Labeller
from dustjacket.labelling.label_file import label_file
from dustjacket.labelling.source import LabelOptions
from dustjacket.sample.grammar import make_book
from tests.benchmarks.measure import Measured, in_turn, line, measured
from tests.benchmarks.peers import ngrams, with_text

ROWS, TRAINING = int(os.environ.get("ROWS") or 100_000), int(os.environ.get("TRAINING") or 20_000)
RUNS = int(os.environ.get("RUNS") or 6)


def drawn(rows: int, seed: int) -> pd.DataFrame:
    """Return titles, authors and genres of the sample's grammar."""
    draw = random.Random(seed)
    books = [make_book(draw) for _ in range(rows)]
    return pd.DataFrame(
        [(book.title, book.author, book.genre.name) for book in books],
        columns=["title", "author", "genre"],
    )


def scorer_of(books: pd.DataFrame) -> Scorer:
    """Return a nearest-centroid classifier on our features: as fast as any linear one."""
    counts = count_ngrams(list(books["title"]), list(books["author"]))
    weights = TfidfWeights.fit(counts, 2)
    genres = sorted(set(books["genre"]))
    codes = pd.Categorical(books["genre"], genres).codes
    starts, columns, values = weights.vectors(counts)
    features = csr_matrix((values, columns, starts), (len(books), len(weights.buckets)))
    sums = np.stack(
        [np.asarray(features[codes == code].mean(axis=0))[0] for code in range(len(genres))]
    )
    member = EnsembleMember(
        sums.T.astype(np.float32), np.zeros((0, len(genres)), np.float32),
        np.zeros(len(genres), np.float32), "", margins=True, calibration=Calibration(1.0, 0.0),
    )  # fmt: skip
    model = HashedLinear(weights, (member,), None, use_descriptions=False)
    return Scorer("centroids", genres, model, abstention=Abstention(0.0))


def peer_of(books: pd.DataFrame) -> Pipeline:
    """Return scikit-learn's pipeline."""
    return make_pipeline(ColumnTransformer(ngrams(2)), LogisticRegression(max_iter=50)).fit(
        with_text(books), books["genre"]
    )


def label_by_peer(model: Pipeline, table: Path, out: Path) -> None:
    """Read, predict and write as a person would with pandas and scikit-learn."""
    books = pd.read_csv(table)
    shares = model.predict_proba(with_text(books))
    best = shares.argmax(axis=1)
    books["subject"] = model.classes_[best]
    books["probability"] = shares[np.arange(len(books)), best].round(4)
    books.to_csv(out, index=False)


def apart(work: Callable[[], object]) -> Measured:
    """Measure ``work`` in a process of its own, with its memory alone."""
    process = get_context("fork").Process(target=work)

    def run() -> None:
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(process.exitcode)

    return measured(run, process)


def main() -> None:
    """Measure both."""
    training, books = drawn(TRAINING, 1), drawn(ROWS, 2)
    scorer, peer = scorer_of(training), peer_of(training)
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "books.csv")
        books[["title", "author"]].to_csv(table, index=False)
        labeller = Labeller.of(scorer, "genre_classifier/benchmark")
        ours, theirs = in_turn(
            lambda: apart(
                lambda: label_file(table, Path(folder, "ours.csv"), labeller, LabelOptions())
            ),
            lambda: apart(lambda: label_by_peer(peer, table, Path(folder, "peer.csv"))),
            RUNS,
        )
        found = pd.read_csv(Path(folder, "ours.csv"))
    assert len(found) == ROWS
    assert (found["title"].fillna("") == books["title"]).all()
    note = f"{len(scorer.genres)} genres"
    rates = ([ROWS / run.seconds for run in runs] for runs in (ours, theirs))
    line("label-catalog", *rates, "rows/s", ROWS, note)
    memory = ([run.memory_mib for run in runs] for runs in (ours, theirs))
    line("label-catalog-memory", *memory, "MiB", ROWS, "whole process")


if __name__ == "__main__":
    main()
