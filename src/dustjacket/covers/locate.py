"""The image file that a table means by a path, among the files of a source."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import PurePosixPath
from urllib.parse import unquote

from dustjacket.records.isbn import isbn13_of

_SEPARATORS = re.compile(r"[/\\]")
_DRIVE = re.compile(r"[a-zA-Z]:[/\\]")
_SCHEME = re.compile(
    r"[a-zA-Z][a-zA-Z0-9+.-]+://|(?:data|blob|cid|about|javascript|mailto):", re.IGNORECASE
)
_FRONT = (
    "", "fc", "front", "cover", "frontcover", "cov", "1", "01", "xl", "hires", "large", "lg", "l",
    "medium", "m", "small", "s",
)  # fmt: skip
"""What may follow an ISBN in the name of an image of its front cover, the best first."""
_ISBN_NAME = re.compile(
    r"(?:(?:isbn(?:[-_\s]?1[03](?=[-_:\s]))?|ean|cover|front|fc|image|img)[-_.:\s]*)?"
    r"((?:97[89][-\s]?)?(?:[0-9][-\s]?){9}[0-9X])(?![0-9])[-_.\s]*([^/]*)",
    re.IGNORECASE,
)
_PIXELS = re.compile(r"\d{2,5}x\d{2,5}", re.IGNORECASE)


def is_safe_path(image: str) -> bool:
    """Return whether ``image`` is a relative path that stays below the source's folder.

    Both separators count: a path may have been written on Windows.
    """
    return not (
        image.startswith(("/", "\\"))
        or _DRIVE.match(image)
        or ".." in _SEPARATORS.split(image)
        or "\0" in image
    )


def address_reason(image: str) -> str | None:
    """Return why an image is not fetched that has the form of an address, or None.

    >>> address_reason("ftp://host/a.jpg"), address_reason("//host/a.jpg")
    ('bad_scheme', 'bad_url')
    """
    if image.startswith("//"):
        return "bad_url"
    return "bad_scheme" if _SCHEME.match(image) else None


class ImageFiles:
    """The names of a source's files, to look up by path."""

    def __init__(self, names: Iterable[str]) -> None:
        """Keep the names, which are read when a path is looked up.

        Args:
            names: paths below the folder of the source.
        """
        self._names = names

    def find(self, image: str, folder: str) -> str | None:
        """Return the file that a table in ``folder`` means by ``image``, or None.

        A table's path may begin with folders that the source does not have (``dataset/…``), or omit
        some that it has. So each suffix of the path is tried, the longest first: as a path in the
        table's folder, then as a suffix that only one file has. For each, the name itself is tried
        first; then the same name in Unicode's normal form, and in any case, if one file alone has
        it. A path written on Windows, or with percent escapes, is tried after the path as it is.
        """
        return next((file for path in _forms(image) if (file := self._find(path, folder))), None)

    def _find(self, image: str, folder: str) -> str | None:
        parts = PurePosixPath(image).parts
        for start in range(len(parts)):
            suffix = "/".join(parts[start:])
            here = (PurePosixPath(folder) / suffix).as_posix()
            if here in self.names:
                return here
            for known, form in self._known:
                if file := known().get(form(suffix)):
                    return file
        return None

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the files."""
        return frozenset(self._names)

    @property
    def _known(
        self,
    ) -> Iterator[tuple[Callable[[], Mapping[str, str | None]], Callable[[str], str]]]:
        yield (lambda: self._by_suffix), str
        yield (lambda: self._by_normal_suffix), _normal
        yield (lambda: self._by_folded_suffix), _folded

    @cached_property
    def _by_suffix(self) -> Mapping[str, str | None]:
        return self._suffixes(str)

    @cached_property
    def _by_normal_suffix(self) -> Mapping[str, str | None]:
        return self._suffixes(_normal)

    @cached_property
    def _by_folded_suffix(self) -> Mapping[str, str | None]:
        return self._suffixes(_folded)

    def _suffixes(self, form: Callable[[str], str]) -> Mapping[str, str | None]:
        """Return the file of each suffix of its path; None where several files have it."""
        files: dict[str, str | None] = {}
        for name in sorted(self.names):
            suffix = form(name)
            while True:
                files[suffix] = name if suffix not in files else None
                _, slash, suffix = suffix.partition("/")
                if not slash:
                    break
        return files

    @cached_property
    def by_isbn(self) -> Mapping[str, str]:
        """The image of each ISBN-13 that names one, see :func:`isbn_of_name`."""
        best: dict[str, tuple[int, str]] = {}
        for name in sorted(self.names):
            if found := isbn_of_name(name):
                isbn, rank = found
                best[isbn] = min(best.get(isbn, (rank, name)), (rank, name))
        return {isbn: name for isbn, (_, name) in best.items()}


def isbn_of_name(name: str) -> tuple[str, int] | None:
    """Return the ISBN-13 that an image file is named by, and its rank among those of one ISBN.

    None if the name has no ISBN, or says that it is another side of the book.

    >>> isbn_of_name("covers/978-0-14-143958-7_FC.jpg")
    ('9780141439587', 1)
    """
    isbn, side = _isbn_and_side(name)
    return (isbn, _FRONT.index(side)) if isbn and side in _FRONT else None


def has_isbn(name: str) -> bool:
    """Return whether the name of an image begins with an ISBN, whatever side of the book it is."""
    return _isbn_and_side(name)[0] is not None


def _isbn_and_side(name: str) -> tuple[str | None, str]:
    match = _ISBN_NAME.fullmatch(PurePosixPath(name).stem)
    isbn = isbn13_of(re.sub(r"[-\s]", "", match[1])) if match else None
    if match is None or isbn is None:
        return None, ""
    return isbn, re.sub(r"[\W_]", "", _PIXELS.sub("", match[2])).lower()


def _forms(image: str) -> Iterator[str]:
    yield image
    if "\\" in image:
        yield (image := image.replace("\\", "/"))
    if "%" in image:
        yield unquote(image)


def _normal(name: str) -> str:
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def _folded(name: str) -> str:
    return _normal(name).casefold()
