"""Books whose cover suggests another genre than their title."""

import numpy as np
import pandas as pd

from dustjacket.evaluation.embeddings import Embedder
from dustjacket.evaluation.genre import fit_probe


def find_contradictions(
    model: Embedder, books: pd.DataFrame, splits: dict[str, np.ndarray], max_rows: int = 12
) -> pd.DataFrame:
    """Return the test books whose title and cover suggest different genres most confidently.

    The title's genre is the classifier's. The cover's is that of a linear probe, trained on the
    known genres of training covers.

    Args:
        books: the rows of all covers.
        splits: indices of the covers by split (train, validation, test).

    Returns:
        Rows of index (of the cover), title, author, by_title and by_cover (genres) with their
        probabilities title_probability and cover_probability, and true_genre; the largest product
        of both probabilities first.
    """
    columns = [
        "index", "title", "author", "by_title", "title_probability", "by_cover",
        "cover_probability", "true_genre",
    ]  # fmt: skip
    genres, test = books["known_genre"], splits["test"]
    if not len(test) or genres.iloc[splits["train"]].nunique() < 2:
        return pd.DataFrame(columns=columns)
    probe = fit_probe(
        model.embed_covers(splits["train"]), list(genres.iloc[splits["train"]]),
        model.embed_covers(splits["validation"]), list(genres.iloc[splits["validation"]]),
        sorted(set(genres)),
    )  # fmt: skip
    probabilities = probe.probabilities(model.embed_covers(test))
    tested = books.iloc[test]
    table = pd.DataFrame(
        {
            "index": test,
            "title": tested["title"].to_numpy(),
            "author": tested["author"].to_numpy(),
            "by_title": tested["genre"].to_numpy(),
            "title_probability": tested["probability"].to_numpy(np.float64),
            "by_cover": [probe.genres[genre] for genre in probabilities.argmax(axis=1)],
            "cover_probability": probabilities.max(axis=1),
            "true_genre": tested["true_genre"].to_numpy(),
        }
    )
    table = table[table["by_title"] != table["by_cover"]]
    confidence = table["title_probability"] * table["cover_probability"]
    order = confidence.sort_values(ascending=False, kind="stable").index
    return table.loc[order, columns].head(max_rows).reset_index(drop=True)
