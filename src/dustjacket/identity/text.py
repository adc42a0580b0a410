"""Fold text so that spellings that mean the same are equal, and others are not."""

import re
import unicodedata

# "C++", "C#" and "A+" are not "C" and "A"; after any longer word, a sign is punctuation.
_WORD = re.compile(r"[^ '+#0-9](?:\+\+|#|\+(?![^ '+#]))|[^ '+#]+")
_INNER_APOSTROPHE = re.compile(r"(?<=[^\W_])'(?=[^\W_])")
PUNCTUATION = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u02bc", "'"),
        **dict.fromkeys("\uff08\u3010\u3014", "("),
        **dict.fromkeys("\uff09\u3011\u3015", ")"),
        **dict.fromkeys("\uff0c\u3001", ","),
        "\uff1a": ":", "\uff1b": ";", "\uff0f": "/", "\uff06": "&", "\u3000": " ",
    }
)  # fmt: skip
"""Marks of which there are several forms."""

# Marks on Latin and Greek letters are accents. In other scripts they make another letter.
_ACCENTS = re.compile(
    "(?<=[A-Za-z\u00aa-\u02af\u0370-\u03ff\u1d00-\u1dbf\u1e00-\u1fff\u2c60-\u2c7f\ua720-\ua7ff])"
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
_FILLERS = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef"
)
_INVISIBLE = re.compile(f"[{_FILLERS}]")


class _WordCharacters(dict[int, str | int | None]):
    """Translate what is no part of a word to a space, and invisible characters to nothing."""

    def __missing__(self, code: int) -> str | int | None:
        char = chr(code)
        category = unicodedata.category(char)
        kept: str | int | None = code if category[0] in "LMN" or char in "'+#" else " "
        if category == "Cf" or _INVISIBLE.match(char):
            kept = None
        self[code] = kept
        return kept


_WORD_CHARACTERS = _WordCharacters()
_ASCII_WORDS = bytes(code if chr(code).isalnum() else 0x20 for code in range(128)).ljust(256)
_OTHER_WORDS = str.maketrans({char: " " for char in map(chr, range(128)) if not char.isalnum()})


def without_accents(text: str) -> str:
    """Return ``text`` with compatible characters (NFKC), and Latin and Greek without accents."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))


def normalise(text: str | None) -> str:
    """Return ``text`` case-folded, without accents and punctuation, with single spaces.

    An apostrophe inside a word leaves no blank, so that "Children's" is "Childrens". Marks that
    make another letter stay, such as й, が and the vowel signs of Indic scripts. Characters that
    nobody sees (Unicode's format characters and fillers) do not count.

    >>> normalise("  Élan -- VITAL! ")
    'elan vital'
    >>> normalise("Don't learn C++ ('or C')")
    'dont learn c++ or c'
    """
    text = text or ""
    if text.isascii():
        folded = text.lower()
    else:
        # Twice: the lower case of a letter can be a letter with an accent.
        folded = without_accents(without_accents(text).casefold())
        folded = folded.translate(PUNCTUATION).translate(_WORD_CHARACTERS)
    if "'" in folded:
        folded = _INNER_APOSTROPHE.sub("", folded)
    if "+" in folded or "#" in folded:
        return " ".join(_WORD.findall(folded.translate(_WORD_CHARACTERS)))
    if folded.isascii():  # bytes are translated three times as fast as text
        return b" ".join(folded.encode().translate(_ASCII_WORDS).split()).decode()
    return " ".join(folded.translate(_OTHER_WORDS).split())


# Letters that others write without their stroke, or as two.
_LETTERS = str.maketrans(
    {
        "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h",
        "\u0131": "i", "ŋ": "n", "ŧ": "t", "\u0451": "\u0435",
    }
)  # fmt: skip


def fold_letters(words: str) -> str:
    """Return normalised ``words`` in letters that all spellings of a name have in common.

    >>> fold_letters("muller") == fold_letters("mueller"), fold_letters("søren kierkegaard")
    (True, 'soren kierkegard')
    """
    if not words.isascii():
        words = words.translate(_LETTERS)
    for two, one in (("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a"), ("dj", "d")):
        words = words.replace(two, one)
    return words
