"""Books whose cover says another genre than their title."""

import numpy as np
import pandas as pd

from dustjacket.evaluation.embeddings import Embedder
from dustjacket.evaluation.genre import fit_probe


def contradictions(
    model: Embedder, books: pd.DataFrame, sides: dict[str, np.ndarray], most: int = 12
) -> pd.DataFrame:
    """Return the test books on whose genre title and cover disagree most surely.

    The cover's genre is that of a linear probe, trained on the known genre of training covers.

    Args:
        books: all covers' rows.
        sides: by split (train, validation, test), the numbers of their covers.

    Returns:
        at (number of the cover), title, author, by_title and by_cover with their probabilities
        title_probability and cover_probability, and true_genre; the surest first.
    """
    columns = [
        "at", "title", "author", "by_title", "title_probability", "by_cover", "cover_probability",
        "true_genre",
    ]  # fmt: skip
    genre, test = books["known_genre"], sides["test"]
    if not len(test) or genre.iloc[sides["train"]].nunique() < 2:
        return pd.DataFrame(columns=columns)
    probe = fit_probe(
        model.covers(sides["train"]), list(genre.iloc[sides["train"]]),
        model.covers(sides["validation"]), list(genre.iloc[sides["validation"]]),
        sorted(set(genre)),
    )  # fmt: skip
    found = probe.probabilities(model.covers(test))
    some = books.iloc[test]
    table = pd.DataFrame(
        {
            "at": test,
            "title": some["title"].to_numpy(),
            "author": some["author"].to_numpy(),
            "by_title": some["genre"].to_numpy(),
            "title_probability": some["probability"].to_numpy(np.float64),
            "by_cover": [probe.genres[place] for place in found.argmax(axis=1)],
            "cover_probability": found.max(axis=1),
            "true_genre": some["true_genre"].to_numpy(),
        }
    )
    table = table[table["by_title"] != table["by_cover"]]
    sure = table["title_probability"] * table["cover_probability"]
    order = sure.sort_values(ascending=False, kind="stable").index
    return table.loc[order, columns].head(most).reset_index(drop=True)
