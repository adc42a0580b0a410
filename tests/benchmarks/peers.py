"""Peers of our classifiers: scikit-learn on the same task, with its best hyperparameters."""

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

from dustjacket.genres.hashed_linear import embedding_features

JOBS = os.cpu_count()


def ngrams(min_books):
    """Return TF-IDF of words and word pairs, and of character n-grams, of "title by author"."""
    return [
        ("words", TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=min_books), "text"),
        (
            "characters",
            TfidfVectorizer(
                analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=min_books
            ),
            "text",
        ),
    ]


def terms(max_terms):
    """Return TF-IDF of words and word pairs of titles and authors."""
    return [("words", TfidfVectorizer(ngram_range=(1, 2), max_features=max_terms), "text")]


def sentences(mode):
    """Return the features of the embeddings in the column ``sentence``."""
    stacked = FunctionTransformer(
        lambda column: embedding_features(np.stack(column.to_list()).astype(float), mode)
    )
    return ("sentences", stacked, "sentence")


def searches(fold_of_row, min_books, *, embedded):
    """Return each peer's grid search on the given folds, by name."""
    peers = {
        "MultinomialNB": (MultinomialNB(), {"alpha": [0.05, 0.1, 0.3, 1.0]}),
        "ComplementNB": (ComplementNB(), {"alpha": [0.1, 0.3, 1.0, 3.0]}),
        "LogisticRegression": (LogisticRegression(max_iter=200), {"C": [1.0, 3.0, 10.0]}),
        "LinearSVC": (LinearSVC(), {"C": [0.1, 0.3, 1.0], "class_weight": [None, "balanced"]}),
    }
    grids = {}
    for name, (classifier, grid) in peers.items():
        features = ngrams(min_books)
        if embedded:
            features.append(sentences("by_sign" if name.endswith("NB") else "plain"))
        steps = [("features", ColumnTransformer(features)), ("classifier", classifier)]
        grids[name] = GridSearchCV(
            Pipeline(steps),
            {f"classifier__{setting}": values for setting, values in grid.items()},
            cv=PredefinedSplit(fold_of_row), scoring="f1_weighted", n_jobs=JOBS,
        )  # fmt: skip
    return grids


def with_text(books):
    """Add ``text``, "title by author", the peers' input."""
    by = books["author"].fillna("").map(lambda author: f" by {author}" if author else "")
    return books.assign(text=books["title"] + by)
