"""The whole search, judged apart from the image score: misspelt titles as queries.

The search puts exact titles first, so their own titles would find nearly all covers. The gate
therefore judges the image score alone, and this measures the search on titles with typing errors.
"""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from dustjacket.covers.read import read_index
from dustjacket.evaluation.extras import Extra
from dustjacket.evaluation.recall_rows import not_measured, recall_extra, recall_row
from dustjacket.metrics.retrieval import own_ranks
from dustjacket.pipeline.kinds import Kind
from dustjacket.retrieval.search import HIT_COLUMNS, CoverIndex

if TYPE_CHECKING:
    from dustjacket.evaluation.comparison import Comparison
    from dustjacket.storage.store import Store

_HEADING = "Misspelt titles"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_TOP = 10
_QUERIES = {"titles": 0, "titles with one typing error": 1, "titles with two": 2}
_TEXT = (
    "The whole search also compares words, and puts books that a query names exactly first. The "
    "queries are titles without the author."
)


def misspell(title: str, edits: int, rng: np.random.Generator) -> str:
    """Return a title with typing errors in its letters: left out, doubled, wrong or swapped.

    These are the four edits of Damerau, A Technique for Computer Detection and Correction of
    Spelling Errors (1964). A title of fewer than four letters is returned unchanged.
    """
    text = list(title)
    for _ in range(edits):
        letters = [place for place, character in enumerate(text) if character.isalpha()]
        if len(letters) < 4:
            break
        place = int(rng.choice(letters[1:]))
        match rng.integers(4):
            case 0:
                del text[place]
            case 1:
                text.insert(place, text[place])
            case 2:
                text[place] = str(rng.choice([c for c in _LETTERS if c != text[place].lower()]))
            case _:
                text[place - 1], text[place] = text[place], text[place - 1]
    return "".join(text)


def measure_search(store: "Store", comparison: "Comparison") -> Extra:
    """Return recall@10 of the candidate's image score and of the whole search.

    The queries are the test titles with no, one and two typing errors, without the author.
    """
    parameters = comparison.parameters
    books, model = comparison.test_books, comparison.models["candidate"]
    if books.empty:
        return not_measured(_HEADING, "there is no test cover")
    covers = model.embed_covers(comparison.test_indices)
    index = CoverIndex(covers, _index_rows(store, comparison, books))
    rng = np.random.default_rng(parameters.seed)
    rows = []
    for of, edits in _QUERIES.items():
        titles = [misspell(title, edits, rng) for title in books["title"]]
        vectors = model.embed_texts(titles)
        found = [
            key in {hit.key for hit in index.search(vector, title, _TOP)}
            for key, vector, title in zip(books["key"], vectors, titles, strict=True)
        ]
        by_image = own_ranks(vectors, covers).hits(_TOP)
        hits = {"image score": by_image, "whole search": np.array(found)}
        rows += [
            recall_row(search, of, found, comparison.test_groups) for search, found in hits.items()
        ]
    return recall_extra("search", rows, len(books), (_HEADING, _TEXT))


def _index_rows(store: "Store", comparison: "Comparison", books: pd.DataFrame) -> pa.Table:
    covers = store.manifest(Kind.COVERS, comparison.lineage.labels.parents[Kind.COVERS])
    stored = read_index(store, covers).set_index("key", drop=False).loc[books["key"]]
    stored = stored.assign(genre=books["genre"].to_numpy(), look=np.arange(len(books)))
    return pa.Table.from_pandas(stored[[*HIT_COLUMNS, "look"]], preserve_index=False)
