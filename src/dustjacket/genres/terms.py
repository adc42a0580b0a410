"""Terms of a book: words and word pairs of the title, words of the author."""

from itertools import pairwise

from dustjacket.splits import normalise


def book_terms(title: str, author: str | None) -> list[str]:
    """Return the terms of a book, with repetitions.

    A word of the author gets a prefix (``author=…``): King the writer is another term than the king
    of a title. No word or pair of a title has that form.
    """
    words = normalise(title).split()
    pairs = [f"{first} {second}" for first, second in pairwise(words)]
    return words + pairs + [f"author={word}" for word in normalise(author).split()]
