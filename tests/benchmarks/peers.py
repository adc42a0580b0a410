"""scikit-learn on the same task, at its best settings: what classifiers are measured against."""

import os

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from dustjacket.genres.hashed_linear import as_read

JOBS = os.cpu_count()


def pieces(least):
    """Return words and word pairs, and pieces of words, of "title by author"; TF-IDF."""
    return [
        ("words", TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=least), "text"),
        (
            "pieces",
            TfidfVectorizer(
                analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=least
            ),
            "text",
        ),
    ]


def terms(most):
    """Return words and word pairs of titles and words of authors; TF-IDF."""
    return [("words", TfidfVectorizer(ngram_range=(1, 2), max_features=most), "text")]


def sentences(read):
    """Return the embeddings of the column ``sentence``, as ``read`` reads them."""
    stacked = FunctionTransformer(
        lambda column: as_read(np.stack(column.to_list()).astype(float), read)
    )
    return ("sentences", stacked, "sentence")


def searches(fold_of_row, least, *, embedded):
    """Return searches over each peer's grid, on the given folds, by name."""
    peers = {
        "MultinomialNB": (MultinomialNB(), {"alpha": [0.05, 0.1, 0.3, 1.0]}),
        "ComplementNB": (ComplementNB(), {"alpha": [0.1, 0.3, 1.0, 3.0]}),
        "LogisticRegression": (LogisticRegression(max_iter=200), {"C": [1.0, 3.0, 10.0]}),
        "LinearSVC": (LinearSVC(), {"C": [0.1, 0.3, 1.0], "class_weight": [None, "balanced"]}),
    }
    found = {}
    for name, (classifier, grid) in peers.items():
        features = pieces(least)
        if embedded:
            features.append(sentences("by_sign" if name.endswith("NB") else "plain"))
        steps = [("features", ColumnTransformer(features)), ("classifier", classifier)]
        found[name] = GridSearchCV(
            Pipeline(steps),
            {f"classifier__{setting}": values for setting, values in grid.items()},
            cv=PredefinedSplit(fold_of_row), scoring="f1_weighted", n_jobs=JOBS,
        )  # fmt: skip
    return found


def with_text(books):
    """Add ``text``: what a peer reads of a book."""
    by = books["author"].fillna("").map(lambda author: f" by {author}" if author else "")
    return books.assign(text=books["title"] + by)
