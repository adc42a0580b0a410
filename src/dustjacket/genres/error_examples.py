"""Error analysis on test books: metrics by slice, and the most frequent confusions."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from dustjacket.genres.terms import plain_words
from dustjacket.identity.persons import author_key
from dustjacket.metrics.classification import label_metrics


def metrics_by_slice(
    books: pd.DataFrame, predicted: Sequence[str], trained: Iterable[str | None]
) -> pd.DataFrame:
    """Return metrics by genre, by length of title, and by whether training knew the author.

    On the books of one genre, accuracy is recall, and f1_weighted ignores books of other genres
    that were predicted as this one.

    Args:
        books: n rows of title, author (None or empty where there is none) and genre.
        predicted: n genres.
        trained: the authors of the training books.

    Returns:
        slice (genre, title words, author), value, books, accuracy and f1_weighted; only values
        that occur. The words of a title are counted as classifiers see them, normalised.
    """
    words = books["title"].map(lambda title: len(plain_words(title).split()))
    known = {author_key(author) for author in trained}
    authors = books["author"].map(author_key)
    seen = authors.isin(known).map({True: "seen", False: "never seen"})
    values = {
        "genre": books["genre"],
        "title words": pd.cut(words, [0, 3, 6, 10, np.inf], labels=["1-3", "4-6", "7-10", "11+"]),
        "author": seen.where(authors != "", "none"),
    }
    labels = pd.DataFrame({"true": books["genre"], "predicted": list(predicted)})
    rows = []
    for name, value_of_book in values.items():
        for value, part in labels.groupby(value_of_book, observed=True):
            metrics = label_metrics(list(part["true"]), list(part["predicted"]))
            kept = {metric: metrics[metric] for metric in ("accuracy", "f1_weighted")}
            rows.append({"slice": name, "value": str(value), "books": len(part), **kept})
    return pd.DataFrame(rows)


def worst_confusions(
    books: pd.DataFrame, predicted: Sequence[str], max_rows: int = 20, examples: int = 3
) -> pd.DataFrame:
    """Return the pairs of true and wrongly predicted genre with the most books.

    Args:
        books: n rows of title and genre.
        predicted: n genres.
        max_rows: of the result.
        examples: the number of titles for each pair.

    Returns:
        genre, taken_for (the predicted genre), books, share (of the genre's books) and titles,
        joined by " | "; the most books first.
    """
    wrong = books[["title", "genre"]].assign(taken_for=list(predicted))
    wrong = wrong[wrong["genre"] != wrong["taken_for"]]
    pairs = wrong.groupby(["genre", "taken_for"])["title"]
    table = pairs.agg(books="size", titles=lambda titles: " | ".join(titles[:examples]))
    table = table.reset_index()
    table.insert(3, "share", table["books"] / table["genre"].map(books["genre"].value_counts()))
    table = table.sort_values(["books", "share"], ascending=False, ignore_index=True)
    return table.head(max_rows)
