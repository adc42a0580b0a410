"""Answers of models to questions, many at once, with what made them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dustjacket.clip.prompts import prompt
from dustjacket.errors import BadInputError
from dustjacket.studio.models import Covers, Genres
from dustjacket.studio.schemas import (
    Book,
    CoverQuery,
    CoversAnswer,
    FoundCover,
    FoundTitle,
    GenreAnswer,
    GenreShare,
    MatchAnswer,
    PromptShare,
)

if TYPE_CHECKING:
    from dustjacket.retrieval.search import SearchHit

_NEAREST, _SHOWN = 48, 12
"""Covers whose titles are held against a picture, and those of them that are shown."""


def tell_genres(genres: Genres, books: Sequence[Book]) -> list[GenreAnswer]:
    """Return every book's genres."""
    found = genres.scorer.probabilities(
        [book.title for book in books], [book.author or None for book in books]
    )
    names, by = genres.scorer.genres, [*genres.by]
    return [GenreAnswer(genres=_ranked(names, row), by=by) for row in found]


def search_response(
    covers: Covers, queries: Sequence[CoverQuery]
) -> list[CoversAnswer | Exception]:
    """Return the covers that fit each query best, or what is wrong with it."""
    texts = [prompt(query.title, query.author or None) for query in queries]
    told: list[CoversAnswer | Exception] = []
    for query, text, vector in zip(queries, texts, covers.texts(texts), strict=True):
        try:
            found = covers.index.search(vector, text, query.top, query.genre or None)
        except BadInputError as error:
            told.append(error)
        else:
            told.append(CoversAnswer(covers=[*map(shown, found)], by=[*covers.by]))
    return told


def see(covers: Covers, body: bytes) -> np.ndarray:
    """Return (dimensions,) what the model makes of a picture that is stored as a cover is."""
    from dustjacket.clip.data import square
    from dustjacket.clip.embed import embed_covers

    return np.asarray(embed_covers(covers.clip, square(body, covers.clip.image_size)[None])[0])


def match_response(covers: Covers, picture: np.ndarray, prompts: Sequence[str]) -> MatchAnswer:
    """Return what a picture says: genres, titles, covers, and how well each prompt fits it."""
    named, names = covers.genres
    near = covers.index.search(picture, top=_NEAREST)
    books = list(dict.fromkeys((cover.title, cover.author) for cover in near))
    of_titles = covers.texts([prompt(*book) for book in books]) @ picture
    best = np.argsort(-of_titles, kind="stable")[:_SHOWN]
    cosines = covers.texts(prompts) @ picture if prompts else np.empty(0)
    return MatchAnswer(
        genres=_ranked(names, _softmax(covers.clip.scale * (named @ picture)[: len(names)])),
        titles=[
            FoundTitle(title=books[at][0], author=books[at][1], score=float(of_titles[at]))
            for at in best
        ],
        covers=[*map(shown, near[:_SHOWN])],
        prompts=[
            PromptShare(prompt=text, cosine=float(cosine), probability=float(share))
            for text, cosine, share in zip(
                prompts, cosines, _softmax(covers.clip.scale * cosines), strict=True
            )
        ],
        by=[*covers.by],
    )


def shown(match: "SearchHit") -> FoundCover:
    """Return a cover that was found, with where its image is."""
    from urllib.parse import quote

    return FoundCover(
        id=match.key,
        title=match.title,
        author=match.author,
        genre=match.genre,
        category=match.category,
        score=match.score,
        words=match.words,
        width=match.width,
        height=match.height,
        image=f"covers/{quote(match.key, safe='')}/image?v={match.sha256[:12]}",
    )


def _ranked(names: Sequence[str], shares: np.ndarray) -> list[GenreShare]:
    order = np.argsort(-shares, kind="stable")
    return [GenreShare(genre=names[at], probability=float(shares[at])) for at in order]


def _softmax(scores: np.ndarray) -> np.ndarray:
    from scipy.special import softmax

    return np.asarray(softmax(scores)) if len(scores) else scores
