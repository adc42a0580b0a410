"""Several subjects a book, beside Annif's backends: same books, same split, same subjects.

Reads the records that ``DATA`` names, or Standard Ebooks in ``../shared/data``. ``ANNIF`` names the
Python of an environment with ``annif[omikuji]``; without it, only ours is measured. Annif's
backends run that need no download: tfidf, mllm, omikuji (Parabel and Bonsai). Descriptions are read
by all. Also prints what descriptions add to the genre on held-out books.

Ours and theirs are ranked by scores; a pair of book and subject counts for F1 if its score reaches
the threshold of the best F1 *on the test books* for theirs, which flatters them, and that of
out-of-fold predictions for ours; a line more has ours by the test books' too.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.sparse import csr_array

from dustjacket.catalog.read import read_books
from dustjacket.genres.read import load_scorer
from dustjacket.genres.subject_labels import SubjectNames, subject_names
from dustjacket.genres.subjects import label_matrix
from dustjacket.labelling.annif_corpus import Document, SubjectUris, write_corpus
from dustjacket.metrics.multilabel import multilabel_metrics
from tests.support.stores import bench

_TEXT = ("title", "author", "description")
SHARED = Path(__file__).parents[3] / "shared" / "data" / "standard-ebooks" / "catalog.jsonl"


def text_of(book):
    """Return what ours reads of a book, as one text."""
    return "\n".join(book[name] or "" for name in _TEXT)


def documents(model, uris, books, true):
    """Return books and their subjects as Annif reads them."""
    return [
        Document(text_of(book), [uris.of(model.subjects[at]) for at in true[[row]].indices])
        for row, book in enumerate(books.to_dict("records"))
    ]


def best_micro(scores, true):
    """Return (books, subjects) the pairs from the threshold of the best micro F1."""
    flat, hits = scores.ravel(), true.toarray().ravel()
    order = np.argsort(-flat, kind="stable")
    f1 = 2 * np.cumsum(hits[order]) / (np.arange(1, len(order) + 1) + hits.sum())
    return csr_array((scores >= max(flat[order[f1.argmax()]], 1e-9)).astype(int))


def show(name, measured):
    """Print one line of figures with their 95 % intervals."""
    figures = (
        f"{key} {at:.3f} ({low:.3f} to {high:.3f})" for key, (at, low, high) in measured.items()
    )
    print(f"{name}: {', '.join(figures)}", flush=True)


def main():
    """Select on the records, and print ours and Annif's figures."""
    data = Path(os.environ.get("DATA") or SHARED).absolute()
    if not data.exists():
        sys.exit(f"{data} is not there: name records with subjects as DATA=")
    by = SubjectNames()
    uris = SubjectUris(by)
    with bench("bench-subjects") as alone, TemporaryDirectory() as scratch:
        catalog = alone.run(
            "ingest_catalog", source=str(data), genre_column="category",
            description_column="long_description",
        )  # fmt: skip
        sparse = ("complement_nb", "linear_svm")
        published = alone.run("select_classifier", candidates=sparse, labels="many")
        facts = published.facts
        print(f"genre: {facts['selected']}, {facts['test']['accuracy']:.3f} accuracy")
        show("genre, descriptions add", facts["descriptions"])
        show("genre, sure", facts["sure"])
        model = load_scorer(alone.store, published, Path(scratch, "cache")).subjects
        books = read_books(alone.spark, alone.store, catalog).toPandas()
        true = label_matrix([subject_names(each) for each in books["subjects"]], model.subjects)
        known, is_test = np.diff(true.indptr) > 0, (books["split"] == "test").to_numpy()
        parts = {}
        for name, rows in (("train", known & ~is_test), ("test", known & is_test)):
            parts[name] = (books[rows], true[np.flatnonzero(rows)])
        test, true = parts["test"]
        print(f"{len(model.subjects)} subjects, {len(test)} test books")
        show("ours", facts["subjects"])
        groups = np.unique(test["group"], return_inverse=True)[1]
        scores = model.probabilities(*(test[name].tolist() for name in _TEXT))
        measured = multilabel_metrics(true, best_micro(scores, true), scores, groups=groups)
        show("ours, from the threshold of the best F1 on the test books", measured)
        if not os.environ.get("ANNIF"):
            return
        corpus = {name: documents(model, uris, *part) for name, part in parts.items()}
        write_corpus(Path(scratch, "corpus"), corpus, full=False)
        runner = Path(__file__).with_name("annif_backends.py")
        subprocess.run([os.environ["ANNIF"], str(runner), f"{scratch}/corpus"], check=True)
        columns = {uris.of(name)[0]: at for at, name in enumerate(model.subjects)}
        for file in sorted(Path(scratch, "corpus").glob("*.json")):
            scores = np.zeros(true.shape)
            for row, found in enumerate(json.loads(file.read_text())):
                for uri, score in found:
                    scores[row, columns[uri]] = score
            measured = multilabel_metrics(true, best_micro(scores, true), scores, groups=groups)
            show(f"Annif {file.stem}", measured)


if __name__ == "__main__":
    main()
