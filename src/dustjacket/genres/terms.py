"""Terms of a book: words and word pairs of the title, words of the author."""

import re
from itertools import pairwise

from dustjacket.identity.text import without_accents

_NOT_WORD = re.compile(r"[\W_]+")


def plain_words(text: str | None) -> str:
    """Return ``text`` case-folded, without accents and punctuation, with single spaces.

    Published classifiers were trained on these words. So the form stays as it is, unlike that of
    :func:`dustjacket.splits.normalise`: "King's" has the word "king".
    """
    return _NOT_WORD.sub(" ", without_accents(text or "").casefold()).strip()


def book_terms(title: str, author: str | None) -> list[str]:
    """Return the terms of a book, with repetitions.

    A word of the author gets a prefix (``author=…``): King the writer is another term than the king
    of a title. No word or pair of a title has that form.
    """
    words = plain_words(title).split()
    pairs = [f"{first} {second}" for first, second in pairwise(words)]
    return words + pairs + [f"author={word}" for word in plain_words(author).split()]
