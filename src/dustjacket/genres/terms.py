"""What classifiers count: words and word pairs of a title, words of an author."""

from itertools import pairwise

from dustjacket.splits import normalise


def book_terms(title: str, author: str | None) -> list[str]:
    """Return the terms of a book, with repetitions.

    A word of the author is a field of its own (``author=…``), so that King the writer is not the
    king of a title; neither can be mistaken for a word or pair of the title.
    """
    words = normalise(title).split()
    pairs = [f"{first} {second}" for first, second in pairwise(words)]
    return words + pairs + [f"author={word}" for word in normalise(author).split()]
