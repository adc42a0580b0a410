"""Seeing or reading: a search that only reads covers, and the models on covers without text.

A model may find a cover because it reads the title on it. OCR of each cover with BM25 shows how far
reading alone goes (Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond,
2009). Covers whose text is painted over show how far seeing alone goes.
"""

import logging
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer

from dustjacket.clip.embed import embed_files
from dustjacket.clip.prompts import query_prompts
from dustjacket.covers.ocr import CoverReader, CoverText
from dustjacket.covers.read import read_images
from dustjacket.evaluation.covers import group_codes
from dustjacket.evaluation.extras import Extra
from dustjacket.evaluation.recall_rows import not_measured, recall_extra, recall_row
from dustjacket.evaluation.sections.format import COMPARED
from dustjacket.identity.text import normalise
from dustjacket.metrics.retrieval import Ranks, own_ranks
from dustjacket.pipeline.kinds import Kind

if TYPE_CHECKING:
    from dustjacket.evaluation.comparison import Comparison
    from dustjacket.storage.store import Store

log = logging.getLogger(__name__)

_K1, _B = 1.2, 0.75  # BM25's usual saturation and length normalisation
_LOGGED_COVERS = 50
_SEEN, _UNSEEN = "covers", "covers without text"
_HEADING = "Seeing or reading"
_READING = "OCR"
_TEXT = (
    "How much of the search is reading: a search of the text that OCR finds on each cover (BM25), "
    "and each model on the same covers with and without their text."
)
_NOTE = "Covers without text: each line of text that OCR finds is painted over."


def bm25_vectors(queries: Sequence[str], texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return (queries, words) and (texts, words) whose products are BM25 scores.

    Case, accents and punctuation are ignored.
    """
    counter = CountVectorizer(analyzer=lambda text: normalise(text).split())
    counts = np.asarray(counter.fit_transform([*queries, *texts]).todense(), np.float64)
    asked, found = np.minimum(counts[: len(queries)], 1), counts[len(queries) :]
    lengths = found.sum(axis=1, keepdims=True)
    texts_with_word = (found > 0).sum(axis=0)
    idf = np.log1p((len(texts) - texts_with_word + 0.5) / (texts_with_word + 0.5))
    saturated = found * (_K1 + 1)
    saturated /= found + _K1 * (1 - _B + _B * lengths / max(float(lengths.mean()), 1e-9))
    return asked, saturated * idf


def measure_reading(store: "Store", comparison: "Comparison") -> Extra:
    """Return recall@10 of reading, and of each model on covers with and without their text.

    A random sample of ``reading_covers`` test covers is searched, by title and author.
    """
    parameters = comparison.parameters
    if not parameters.reading_covers:
        return not_measured(_HEADING, "reading_covers is 0")
    if find_spec("rapidocr") is None:
        return not_measured(_HEADING, "RapidOCR is not installed (extra `reading`)")
    shuffled = np.random.default_rng(parameters.seed).permutation(comparison.test_indices)
    indices = np.sort(shuffled[: parameters.reading_covers])
    books = comparison.covers.books.iloc[indices]
    covers = store.manifest(Kind.COVERS, comparison.lineage.labels.parents[Kind.COVERS])
    reader = CoverReader()
    texts: dict[str, CoverText] = {}
    for number, (key, body) in enumerate(read_images(store, covers, books), 1):
        if number % _LOGGED_COVERS == 0:
            log.info("text of %d of %d covers", number, len(books))
        if (text := reader.read(body)) is not None:
            texts[key] = text
    read = books["key"].isin(texts.keys()).to_numpy()
    books, indices = books[read], indices[read]
    if books.empty:
        return not_measured(_HEADING, "no test cover can be read")
    rows = [
        recall_row(search, of, ranks.hits(10), group_codes(books))
        for (search, of), ranks in ranks_by_search(
            comparison, books, indices, [texts[key] for key in books["key"]]
        ).items()
    ]
    return recall_extra("reading", rows, len(books), (_HEADING, _TEXT), _NOTE)


def ranks_by_search(
    comparison: "Comparison", books: pd.DataFrame, indices: np.ndarray, texts: Sequence[CoverText]
) -> dict[tuple[str, str], Ranks]:
    """Return the n ranks of the own covers, by search and by what it sees.

    Args:
        books: n rows.
        indices: (n,) of their covers.
        texts: n texts of the covers.
    """
    queries = query_prompts(books)
    words = bm25_vectors(queries, [" ".join(text.lines) for text in texts])
    ranks = {(_READING, _SEEN): own_ranks(*words)}
    for name in COMPARED.values():
        model = comparison.models[name]
        titles = model.embed_texts(queries)
        painted = embed_files(model.clip, [("", text.painted) for text in texts], model.batch_size)
        ranks[name, _SEEN] = own_ranks(titles, model.embed_covers(indices))
        ranks[name, _UNSEEN] = own_ranks(titles, np.concatenate([batch for _, batch in painted]))
    return ranks
