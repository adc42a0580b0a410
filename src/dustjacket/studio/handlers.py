"""Run models on queries, many at once, and build the responses."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from dustjacket.clip.prompts import prompt
from dustjacket.errors import BadInputError
from dustjacket.studio.models import TEXTS_PER_BATCH, LoadedClassifier, LoadedIndex
from dustjacket.studio.schemas import (
    CoverQuery,
    CoverResponse,
    FoundCover,
    FoundTitle,
    GenreQuery,
    GenreResponse,
    GenreShare,
    MatchResponse,
    PromptShare,
    SearchResponse,
    SubjectShare,
    WhyResponse,
)

if TYPE_CHECKING:
    from dustjacket.retrieval.search import SearchHit

_NEAREST = 48
"""Nearest covers of a picture, whose titles are scored against it."""
_MAX_SHOWN = 12
"""Titles and covers in the response to a picture."""


def genre_responses(
    classifier: LoadedClassifier, books: Sequence[GenreQuery]
) -> list[GenreResponse]:
    """Return the genres of each book."""
    predicted = classifier.scorer.predict(
        [book.title for book in books],
        [book.author or None for book in books],
        descriptions=[book.description or None for book in books],
    )
    by, rule = [*classifier.by], classifier.scorer.abstention
    return [
        GenreResponse(
            genres=[GenreShare(genre=genre, probability=share) for genre, share in answer.ranked],
            sure=answer.sure,
            subjects=[
                SubjectShare(subject=subject, probability=share)
                for subject, share in answer.subjects
            ],
            doubt=answer.doubt,
            statement=rule.explain(answer.doubt),
            max_error=rule.max_error,
            by=by,
        )
        for answer in predicted.answers()
    ]


def why_response(classifier: LoadedClassifier, book: GenreQuery) -> WhyResponse:
    """Return what speaks for the likeliest genre of a book, and similar training books."""
    from dustjacket.genres.why import reasons

    given = (book.title, book.author or None, book.description or None)
    found = reasons(classifier.scorer, classifier.training_books(), *given)
    return WhyResponse(**dict(found), by=[*classifier.by])


def search_responses(
    index: LoadedIndex, queries: Sequence[CoverQuery]
) -> list[SearchResponse | Exception]:
    """Return the best covers for each query, or the error of a query that cannot be answered."""
    texts = [prompt(query.title, query.author or None) for query in queries]
    responses: list[SearchResponse | Exception] = []
    for query, text, vector in zip(queries, texts, index.embed_texts(texts), strict=True):
        try:
            hits = index.index.search(vector, text, query.top, query.genre or None)
        except BadInputError as error:
            responses.append(error)
        else:
            covers = [found_cover(hit) for hit in hits]
            responses.append(SearchResponse(covers=covers, by=[*index.by]))
    return responses


def cover_response(index: LoadedIndex, key: str) -> CoverResponse | None:
    """Return a cover and those that look most like it, or None if the index has none of the key."""
    hit = index.index.cover(key)
    if hit is None:
        return None
    similar = [found_cover(one) for one in index.index.similar(key, _MAX_SHOWN)]
    return CoverResponse(cover=found_cover(hit), similar=similar, by=[*index.by])


def embed_image(index: LoadedIndex, body: bytes) -> np.ndarray:
    """Return the (dimensions,) embedding of an image file in the format of stored covers."""
    from dustjacket.clip import match

    return match.embed_image(index.clip, body)


def match_response(index: LoadedIndex, image: np.ndarray, prompts: Sequence[str]) -> MatchResponse:
    """Return the genres, titles and covers nearest to an image, and how well each prompt fits it.

    Args:
        image: (dimensions,) embedding.
    """
    from dustjacket.clip.match import class_probabilities, match_prompts

    nearest = index.index.search(image, top=_NEAREST)
    books = list(dict.fromkeys((hit.title, hit.author) for hit in nearest))
    title_cosines = index.embed_texts([prompt(*book) for book in books]) @ image
    best = np.argsort(-title_cosines, kind="stable")[:_MAX_SHOWN]
    # Without genres there is one vector, of an empty name.
    genre_cosines = (index.genre_vectors @ image)[: len(index.genre_names)]
    return MatchResponse(
        genres=_ranked(index.genre_names, class_probabilities(index.clip, genre_cosines)),
        titles=[
            FoundTitle(title=books[row][0], author=books[row][1], score=float(title_cosines[row]))
            for row in best
        ],
        covers=[found_cover(hit) for hit in nearest[:_MAX_SHOWN]],
        prompts=[
            PromptShare(**asdict(row))
            for row in match_prompts(index.clip, image, prompts, TEXTS_PER_BATCH)
        ],
        by=[*index.by],
    )


def found_cover(hit: "SearchHit") -> FoundCover:
    """Return a cover of the index as responses show it."""
    return FoundCover(
        id=hit.key,
        title=hit.title,
        author=hit.author,
        genre=hit.genre,
        category=hit.category,
        match=hit.match,
        score=hit.score,
        words=hit.words,
        width=hit.width,
        height=hit.height,
        image=f"covers/{quote(hit.key, safe='')}/image?v={hit.sha256[:12]}",
    )


def _ranked(names: Sequence[str], shares: np.ndarray) -> list[GenreShare]:
    order = np.argsort(-shares, kind="stable")
    return [GenreShare(genre=names[row], probability=float(shares[row])) for row in order]
