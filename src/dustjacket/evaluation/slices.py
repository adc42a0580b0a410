"""Recall@10 by what training knew of a book's author."""

from typing import TYPE_CHECKING

import pandas as pd

from dustjacket.clip.prompts import query_prompts
from dustjacket.evaluation.extras import Extra
from dustjacket.evaluation.recall_rows import not_measured, recall_extra, recall_row
from dustjacket.evaluation.sections.format import COMPARED
from dustjacket.identity.persons import author_key
from dustjacket.metrics.retrieval import own_ranks

if TYPE_CHECKING:
    from dustjacket.evaluation.comparison import Comparison

_HEADING = "Known and new authors"
_TEXT = (
    "Titles by an author of the candidate's training covers, by an author that it never saw, and "
    "without an author. All are searched in the same gallery."
)


def author_slices(tested: pd.Series, trained: pd.Series) -> pd.Series:
    """Return (n,) "author seen", "author never seen" or "no author", for n tested books.

    Args:
        tested: (n,) their authors; missing values are None.
        trained: the authors of the training books.
    """
    known = set(trained.map(author_key)) - {""}
    return tested.map(
        lambda author: (
            "no author"
            if not (name := author_key(author))
            else "author seen"
            if name in known
            else "author never seen"
        )
    )


def measure_authors(comparison: "Comparison") -> Extra:
    """Return recall@10, title to cover, of each model by slice, with its number of covers."""
    books, all_books = comparison.test_books, comparison.lineage.books
    if books.empty:
        return not_measured(_HEADING, "there is no test cover")
    slices = author_slices(books["author"], all_books["author"][all_books["split"] == "train"])
    prompts = query_prompts(books)
    rows = []
    for name, shown in COMPARED.items():
        model = comparison.models["candidate" if name == "fine_tuned" else name]
        covers = model.embed_covers(comparison.test_indices)
        hits = own_ranks(model.embed_texts(prompts), covers).hits(10)
        for value in sorted(slices.unique()):
            own = (slices == value).to_numpy(bool)
            rows.append(recall_row(shown, value, hits[own], comparison.test_groups[own]))
    return recall_extra("authors", rows, len(books), (_HEADING, _TEXT))
