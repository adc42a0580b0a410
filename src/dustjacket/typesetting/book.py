"""The book that a cover is for. Its texts are data: no character of them is ever markup."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass

from dustjacket.errors import BadInputError
from dustjacket.records.isbn import isbn13_of

MAX_TITLE = 200
"""Characters. A longer title is a description."""
MAX_DESCRIPTION = 4000
_FORBIDDEN = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks that change the direction of text: they can make it read as another text."""
_BAD_CATEGORIES = ("Cc", "Cs", "Co", "Cn")
"""Control characters, halves of characters, and code points without meaning."""


def clean_text(text: str) -> str:
    """Return text in NFC with single spaces for tabs, line breaks and runs of spaces.

    Raises:
        ValueError: it holds a character that cannot be set.
    """
    text = " ".join(unicodedata.normalize("NFC", text).split())
    for character in text:
        if unicodedata.category(character) in _BAD_CATEGORIES or _FORBIDDEN.match(character):
            raise ValueError(
                f"character U+{ord(character):04X} cannot be typeset: remove it from the text"
            )
    return text


def _title(text: str) -> str:
    if not text:
        raise ValueError("it has no text: give 1 to 200 characters")
    return text


def _isbn(text: str) -> str:
    if not text.strip():
        return ""
    if found := isbn13_of(text):
        return found
    raise ValueError("no valid ISBN: give 10 or 13 digits whose check digit holds")


CleanText = Annotated[str, AfterValidator(clean_text)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Book:
    """What is typeset.

    Attributes:
        title: 1 to 200 characters; of "Title: subtitle" the second part is set smaller.
        isbn: ISBN-13 of the barcode on the back; an ISBN-10 is converted.
    """

    title: Annotated[CleanText, AfterValidator(_title)] = Field(min_length=1, max_length=MAX_TITLE)
    subtitle: CleanText = Field("", max_length=MAX_TITLE)
    author: CleanText = Field("", max_length=MAX_TITLE)
    genre: CleanText = Field("", max_length=100)
    description: CleanText = Field("", max_length=MAX_DESCRIPTION)
    isbn: Annotated[str, AfterValidator(_isbn)] = Field("", max_length=40)


def checked_book(**texts: str) -> Book:
    """Return a book of its texts.

    Raises:
        BadInputError: one is too long, empty or cannot be set; the message names it.
    """
    try:
        return Book(**texts)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "book"
        reason = first["msg"].removeprefix("Value error, ").replace("String should", "it should")
        raise BadInputError(f"{where}: {reason}") from error
