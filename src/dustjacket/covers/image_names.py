"""Books that the names of image files tell: ``Title - Author``, or the folders of Calibre."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from dustjacket.covers.locate import has_isbn
from dustjacket.covers.source import shown_name
from dustjacket.errors import BadInputError

_DASH = re.compile(r"^(.*\S)\s+[-\u2010-\u2015\u2212]\s+(.*)$", re.DOTALL)
_CALIBRE = re.compile(r"(.*\S)\s+\(\d+\)")
_NUMBER_OR_HASH = re.compile(r"[\d\W_]+|(?=.*\d)[0-9a-fA-F-]{12,}")
_GENERIC = frozenset({"cover", "folder", "front", "image", "img", "thumb", "thumbnail", "scan"})
_NUMBERED = re.compile(
    rf"(?:{'|'.join(sorted(_GENERIC))}|page|dsc|book|photo|pic)[\W_]*\d+", re.IGNORECASE
)
_SHARED_BY = 3
"""Images whose stem this many images have, without an author, are not named by title."""
_MAX_UNNAMED_SHARE = 0.5

HOW_TO_NAME = (
    "name images 'Title - Author.jpg', or put a table beside them with the columns title, author "
    "and image (or isbn, for images named by ISBN)"
)


def books_of_names(names: Sequence[str], source: str) -> list[Mapping[str, str]]:
    """Return the values of each image's book by canonical name: title, author and genre.

    The folder is the genre. A name that is no title gives none: a number, a hash, ``cover``, or a
    stem that many images share. In a library of Calibre (``Author/Title (id)/cover.jpg``) the
    folders have title and author.

    Raises:
        BadInputError: most names are no titles.
    """
    stems = Counter(PurePosixPath(name).stem.casefold() for name in names)
    books = [_book(PurePosixPath(name), stems) for name in names]
    unnamed = [name for name, book in zip(names, books, strict=True) if not book["title"]]
    if len(unnamed) > _MAX_UNNAMED_SHARE * len(names):
        by_isbn = sum(map(has_isbn, unnamed))
        what = (
            "are named by ISBN, which is no title" if 2 * by_isbn > len(unnamed)
            else "have names that are no titles"
        )  # fmt: skip
        or_listing = ", or name a listing that has titles and ISBNs with catalog" if by_isbn else ""
        raise BadInputError(
            f"covers {source!r}: {len(unnamed):,} of {len(names):,} images {what}, such as "
            f"{shown_name(unnamed[0])!r}: {HOW_TO_NAME}{or_listing}"
        )
    return books


def _book(path: PurePosixPath, stems: Mapping[str, int]) -> Mapping[str, str]:
    stem = path.stem
    if "_" in stem and " " not in stem:
        stem = stem.replace("_", " ")
    if match := _DASH.match(stem):
        return {"title": match[1], "author": match[2], "genre": path.parent.name}
    if _is_no_title(path.stem) or stems[path.stem.casefold()] >= _SHARED_BY:
        in_library = _CALIBRE.fullmatch(path.parent.name)
        if in_library and path.stem.casefold() in _GENERIC and path.parent.parent.name:
            return {"title": in_library[1], "author": path.parent.parent.name, "genre": ""}
        return {"title": "", "author": "", "genre": path.parent.name}
    return {"title": stem, "author": "", "genre": path.parent.name}


def _is_no_title(stem: str) -> bool:
    if has_isbn(stem) or stem.casefold() in _GENERIC or _NUMBERED.fullmatch(stem):
        return True
    # "1984" is a title, and so may be another number of that many digits.
    return bool(_NUMBER_OR_HASH.fullmatch(stem)) and not re.fullmatch(r"[1-9]\d{3}", stem)
