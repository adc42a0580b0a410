"""Our hashed n-grams beside scikit-learn's ``HashingVectorizer``: speed, memory, and accuracy.

Both hash the words, word pairs and author words of a book into one block, and the character
n-grams of its title into another. Titles are those of the listing that ``DATA`` names, or of the
first real one in ``../shared/data``. Each figure is the median of ``RUNS`` (3 without), ours and
the peer's in turn:

- ``titles``: titles a second, ``ROWS`` of them (20,000 without, drawn with replacement),
- ``memory``: MiB by which the peak of a fresh process grows meanwhile,
- ``one-title``: milliseconds for one title, as the Studio hashes it,
- ``import``: seconds of a fresh Python to import it and hash the first title,
- ``f1``: weighted F1 of a linear SVM, cross-validated, on either's n-grams with the same TF-IDF.
"""

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from subprocess import run

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from dustjacket.genres.hashed_ngrams import BITS, NgramCounts, TfidfWeights, count_ngrams
from dustjacket.genres.terms import book_terms, plain_words
from dustjacket.sources.tables import LISTING
from tests.benchmarks.measure import line

ROWS, RUNS, ONES, FOLDS = 20_000, 3, 300, 3
SHARED = Path(__file__).parents[3] / "shared" / "data" / "book30-listing" / "listing.csv"
Books = tuple[list[str], list[str | None]]
"""Titles and authors."""

IMPORTS = {
    "ours": "from dustjacket.genres.hashed_ngrams import count_ngrams\n"
    "count_ngrams(['Rice'], [None])",
    "peer": "from sklearn.feature_extraction.text import HashingVectorizer\n"
    "HashingVectorizer().transform(['Rice'])",
}


def _terms(book: tuple[str, str | None]) -> list[str]:
    return book_terms(*book)


def peer_count(titles: list[str], authors: list[str | None]) -> tuple[csr_matrix, csr_matrix]:
    """Return the counts of words and of character n-grams, (books, 2**21) each."""
    shared = {
        "n_features": 1 << BITS, "alternate_sign": False, "norm": None, "dtype": np.float32,
    }  # fmt: skip
    words = HashingVectorizer(analyzer=_terms, **shared)
    ngrams = HashingVectorizer(
        analyzer="char_wb", ngram_range=(3, 5), preprocessor=plain_words, **shared
    )
    return words.transform(zip(titles, authors, strict=True)), ngrams.transform(titles)


COUNTERS: dict[str, Callable[..., object]] = {"ours": count_ngrams, "peer": peer_count}


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def counted(name: str, books: Books) -> tuple[float, float]:
    """Return the seconds to hash all books, and the MiB by which the process's peak grew."""
    COUNTERS[name](books[0][:10], books[1][:10])
    before, began = _peak_mib(), time.perf_counter()
    COUNTERS[name](*books)
    return time.perf_counter() - began, _peak_mib() - before


def in_fresh_process(name: str, books: Books) -> tuple[float, float]:
    """Return what :func:`counted` does, in a process whose peak is nothing else's."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(counted, name, books).result()


def milliseconds(name: str, books: Books) -> float:
    """Return the median time to hash one title."""
    taken = []
    for title, author in zip(books[0][:ONES], books[1][:ONES], strict=True):
        began = time.perf_counter()
        COUNTERS[name]([title], [author])
        taken.append(1000 * (time.perf_counter() - began))
    return median(taken)


def import_seconds(name: str) -> float:
    """Return the seconds of a fresh Python from start to the first hashed title."""
    began = time.perf_counter()
    run([sys.executable, "-c", IMPORTS[name]], check=True)
    return time.perf_counter() - began


def our_features(counts: NgramCounts, train: np.ndarray, rows: np.ndarray) -> csr_matrix:
    """Return TF-IDF of ``rows``, learnt from ``train``."""
    weights = TfidfWeights.fit(counts.rows(train), 1)
    starts, columns, values = weights.vectors(counts.rows(rows))
    return csr_matrix((values, columns, starts), (len(rows), len(weights.buckets)))


def peer_features(
    counts: tuple[csr_matrix, csr_matrix], train: np.ndarray, rows: np.ndarray
) -> csr_matrix:
    """Return TF-IDF of ``rows``, learnt from ``train``, of n-grams that ``train`` has."""
    parts = []
    for block in counts:
        seen = np.flatnonzero(block[train].getnnz(axis=0))
        weights = TfidfTransformer(sublinear_tf=True).fit(block[train][:, seen])
        parts.append(weights.transform(block[rows][:, seen]))
    return hstack(parts, format="csr")


def predictions(
    features: Callable[[np.ndarray, np.ndarray], csr_matrix], genres: np.ndarray
) -> np.ndarray:
    """Return each book's genre by a linear SVM that was not trained on its fold."""
    found = np.empty_like(genres)
    for train, held_out in StratifiedKFold(FOLDS, shuffle=True, random_state=13).split(
        genres, genres
    ):
        svm = LinearSVC(C=0.3, tol=1e-2, max_iter=200, dual=True, random_state=13)
        svm.fit(features(train, train), genres[train])
        found[held_out] = svm.predict(features(train, held_out))
    return found


def main() -> None:
    """Print all figures."""
    data = Path(os.environ.get("DATA") or SHARED)
    if not data.exists():
        sys.exit(f"{data} is not there: name a listing as DATA=")
    table = pd.read_csv(
        data, names=list(LISTING), header=None, encoding_errors="replace", dtype=str
    )
    table = table.dropna(subset=["title", "category"])
    rows, runs = int(os.environ.get("ROWS") or ROWS), int(os.environ.get("RUNS") or RUNS)
    many = table.sample(rows, replace=True, random_state=13)
    books = list(many["title"]), [author or None for author in many["author"].fillna("")]
    measures: dict[str, Callable[[str], tuple[float, ...]]] = {
        "many": lambda name: in_fresh_process(name, books),
        "one": lambda name: (milliseconds(name, books),),
        "import": lambda name: (import_seconds(name),),
    }
    taken = {
        what: [{name: measure(name) for name in COUNTERS} for _ in range(runs)]
        for what, measure in measures.items()
    }

    def middle(what: str, name: str, index: int = 0) -> float:
        return median(turn[name][index] for turn in taken[what])

    note = f"medians of {runs}; HashingVectorizer, the same n-grams"
    ours, peer = (rows / middle("many", name) for name in COUNTERS)
    line("hashed-ngrams/titles", ours, peer, "titles/s", rows, note, digits=0)
    ours, peer = (middle("many", name, 1) for name in COUNTERS)
    line("hashed-ngrams/memory", ours, peer, "MiB", rows, f"{note}; growth of the peak")
    ours, peer = (middle("one", name) for name in COUNTERS)
    line("hashed-ngrams/one-title", ours, peer, "ms", ONES, note, digits=3)
    ours, peer = (middle("import", name) for name in COUNTERS)
    line("hashed-ngrams/import", ours, peer, "s", 1, note, digits=2)

    titles, authors = list(table["title"]), list(table["author"].fillna(""))
    genres = table["category"].to_numpy(str)
    counts, peer_counts = count_ngrams(titles, authors), peer_count(titles, authors)
    by_ours = predictions(lambda train, part: our_features(counts, train, part), genres)
    by_peer = predictions(lambda train, part: peer_features(peer_counts, train, part), genres)
    note = f"LinearSVC, {FOLDS} folds; {(by_ours == by_peer).mean():.1%} of predictions are equal"
    ours, peer = (f1_score(genres, found, average="weighted") for found in (by_ours, by_peer))
    line("hashed-ngrams/f1", ours, peer, "f1_weighted", len(genres), note, digits=4)


if __name__ == "__main__":
    main()
