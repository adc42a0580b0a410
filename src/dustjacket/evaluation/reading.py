"""Seeing or reading: a search that only reads covers, and the models on covers without text.

A model may find a cover because it reads the title on it. OCR of each cover with BM25 shows how far
reading alone goes (Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond,
2009). Covers whose text is painted over (Telea, An Image Inpainting Technique Based on the Fast
Marching Method, 2004) show how far seeing alone goes.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer

from dustjacket.clip.embed import embed_files
from dustjacket.clip.prompts import query_prompts
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
_OCR_SIDE = 512  # pixels; larger covers are read at this size, in about 0.1 s
_LOGGED_COVERS = 50
_MARGIN = 0.02  # of the longer side, painted over around each line of text
_SEEN, _UNSEEN = "covers", "covers without text"
_HEADING = "Seeing or reading"
_READING = "OCR"
_TEXT = (
    "How much of the search is reading: a search of the text that OCR finds on each cover (BM25), "
    "and each model on the same covers with and without their text."
)
_NOTE = "Covers without text: each line of text that OCR finds is painted over."


@dataclass(frozen=True)
class CoverText:
    """The text on a cover.

    Attributes:
        lines: as read.
        painted: the cover as a PNG file, with the text painted over.
    """

    lines: tuple[str, ...]
    painted: bytes


class CoverReader:
    """Reads covers with RapidOCR, whose models are in its package."""

    def __init__(self) -> None:
        from rapidocr import RapidOCR

        self._engine = RapidOCR(
            params={
                "Global.log_level": "error",
                "Global.use_cls": False,
                # By default small images are enlarged: the same text in four times the time.
                "Det.limit_type": "max",
                "Det.limit_side_len": _OCR_SIDE,
                # Its threads wait for each other busily, which takes the cores from all else.
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            }
        )

    def read(self, body: bytes) -> CoverText | None:
        """Return the text on an image file; None if the file cannot be decoded."""
        import cv2

        image = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            return None
        scale = min(1.0, _OCR_SIDE / max(image.shape[:2]))
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        found: Any = self._engine(image)
        lines = [
            (text, box)
            for text, box in zip(
                found.txts or (), () if found.boxes is None else found.boxes, strict=True
            )
            if len(text) > 1  # a single character is most often a shape
        ]
        if lines:
            mask = np.zeros(image.shape[:2], np.uint8)
            cv2.fillPoly(mask, [np.round(box).astype(np.int32) for _, box in lines], 255)
            side = 2 * round(_MARGIN * max(image.shape[:2])) + 1
            mask = cv2.dilate(mask, np.ones((side, side), np.uint8))
            image = cv2.inpaint(image, mask, 3, cv2.INPAINT_TELEA)
        return CoverText(tuple(text for text, _ in lines), cv2.imencode(".png", image)[1].tobytes())


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
    covers = store.manifest(Kind.COVERS, comparison.labels.parents[Kind.COVERS])
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
