"""What a person asks of a model on its test books: where it fails, and by taking what for what."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dustjacket.metrics.classification import label_metrics
from dustjacket.splits import normalise


def slices(books: pd.DataFrame, predicted: Sequence[str]) -> pd.DataFrame:
    """Return how good predictions are for each genre, for short and long titles, for no author.

    Of one genre's books, accuracy is its recall, and f1_weighted does not see the other books that
    were taken for them.

    Args:
        books: n rows of title, author (None or empty where there is none) and genre.
        predicted: n genres.

    Returns:
        slice (genre, title words, author), value, books, accuracy and f1_weighted; only values
        that occur. Titles are counted in words as classifiers see them.
    """
    words = books["title"].map(lambda title: len(normalise(title).split()))
    values = {
        "genre": books["genre"],
        "title words": pd.cut(words, [0, 3, 6, 10, np.inf], labels=["1-3", "4-6", "7-10", "11+"]),
        "author": books["author"].fillna("").ne("").map({True: "given", False: "none"}),
    }
    answers = pd.DataFrame({"true": books["genre"], "predicted": list(predicted)})
    rows = []
    for name, of_books in values.items():
        for value, part in answers.groupby(of_books, observed=True):
            metrics = label_metrics(list(part["true"]), list(part["predicted"]))
            kept = {metric: metrics[metric] for metric in ("accuracy", "f1_weighted")}
            rows.append({"slice": name, "value": str(value), "books": len(part), **kept})
    return pd.DataFrame(rows)


def worst_confusions(
    books: pd.DataFrame, predicted: Sequence[str], most: int = 20, examples: int = 3
) -> pd.DataFrame:
    """Return the genres that most books were taken for wrongly.

    Args:
        books: n rows of title and genre.
        predicted: n genres.
        most: rows to return.
        examples: titles to show of each.

    Returns:
        genre, taken_for, books, share (of the genre's books) and titles, joined by " | "; the most
        books first.
    """
    wrong = books[["title", "genre"]].assign(taken_for=list(predicted))
    wrong = wrong[wrong["genre"] != wrong["taken_for"]]
    pairs = wrong.groupby(["genre", "taken_for"])["title"]
    found = pairs.agg(books="size", titles=lambda titles: " | ".join(titles[:examples]))
    found = found.reset_index()
    found.insert(3, "share", found["books"] / found["genre"].map(books["genre"].value_counts()))
    return found.sort_values(["books", "share"], ascending=False, ignore_index=True).head(most)
