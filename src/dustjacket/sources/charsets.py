"""Find the encoding of a text by its first bytes.

A byte order mark decides, then whether the text is UTF-8. Otherwise every encoding is scored by the
words with other than ASCII letters that it gives: a word counts if its letters are those of one
language and its capitals stand where capitals do. Encodings of East Asia, where words are not
separated, are told apart by charset-normalizer.
"""

import codecs
import re
from collections.abc import Iterable
from functools import cache

from dustjacket.errors import BadInputError

_SAMPLE = 64 << 10
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
WESTERN = "windows-1252"
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
_GREEK = "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ"
_LANGUAGES: dict[str, tuple[str, ...]] = {
    WESTERN: (
        "àâæçéèêëîïôœùûüÿ", "äöüßé", "áéíñóúü", "àèéìíîòóù", "áàâãçéêíóôõúü", "éëïóöüèáí", "åäöé",
        "æøåéö", "áðéíóúýþæö", "àçèéíïòóúü", "áéíóú",
    ),
    "windows-1250": (
        "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîșşțţ", "čćđšž",
    ),
    "iso-8859-2": (
        "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž",
    ),
    "windows-1254": ("çğıİöşüâîû",),
    "windows-1257": ("āčēģīķļņšūž", "ąčęėįšųūž", "äõöüšž"),
    "windows-1251": (_CYRILLIC + "ё", _CYRILLIC + "ґєії", _CYRILLIC + "ў", _CYRILLIC + "ђјљњћџ"),
    "koi8-r": (_CYRILLIC + "ё",),
    "koi8-u": (_CYRILLIC + "ґєії",),
    "cp866": (_CYRILLIC + "ё",),
    "iso-8859-5": (_CYRILLIC + "ё", _CYRILLIC + "єії", _CYRILLIC + "ђјљњћџ"),
    "windows-1253": (_GREEK,),
    "iso-8859-7": (_GREEK,),
    "windows-1255": ("".join(map(chr, range(0x5D0, 0x5EB))),),
    "windows-1256": ("".join(map(chr, [*range(0x621, 0x64B), 0x67E, 0x686, 0x698, 0x6AF, 0x6CC])),),
}  # fmt: skip
"""Letters other than ASCII of languages, by encoding; earlier encodings win ties."""
_EAST_ASIAN = {
    "euc_jp": "euc_jp", "euc_kr": "cp949", "gb2312": "gb18030", "shift_jis": "cp932", "big5": "big5"
}  # fmt: skip
"""Encodings by their common characters alone: rare ones are a sign of a wrong encoding."""
_WORD = re.compile(r"[^\W\d_]+|[^\x00-\x7f]")
_PUNCTUATION = frozenset("«»‘’‚“”„–—…•·°€¿¡№")  # noqa: RUF001
_CLEAR = 0.9


def encoding_of(head: bytes, wanted: str = "") -> tuple[str, str]:
    """Return the encoding of a text, as Python names it, and the reason in a few words.

    ``windows-1252`` means UTF-8 where it is valid, and Windows-1252 elsewhere.

    Args:
        head: first bytes of the text.
        wanted: the encoding that the user names; it is not doubted.

    Raises:
        BadInputError: Python knows no encoding of the name ``wanted``.
    """
    if wanted:
        try:
            return codecs.lookup(wanted).name, "named by the user"
        except LookupError:
            raise BadInputError(
                f"encoding {wanted!r} is not known: give one such as utf-8, windows-1252, utf-16"
            ) from None
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding, "byte order mark"
    if b"\0" in head and (wide := _wide(head)):
        return wide, "pairs of bytes"
    lines = [line for line in head.splitlines() if not line.isascii()]
    if _is_utf8(head):
        return "utf-8", "valid UTF-8" if lines else "only ASCII characters at the beginning"
    sample = b"\n".join(lines)[:_SAMPLE]
    if sum(map(_is_utf8, lines)) > 0.05 * len(lines):
        return "utf-8", "lines in UTF-8, and others in Windows-1252"
    return _legacy(sample)


def _legacy(sample: bytes) -> tuple[str, str]:
    scores = {encoding: _score(sample, encoding) for encoding in _LANGUAGES}
    best = max(scores, key=scores.__getitem__)
    if scores[best] >= _CLEAR:
        return best, "not UTF-8; its words are spelled right in this encoding"
    if east_asian := _east_asian(sample):
        return east_asian, "not UTF-8; its characters are common in this encoding"
    if scores[best] > max(0.5, 1.5 * scores[WESTERN]):
        return best, "not UTF-8; most words are spelled right in this encoding"
    return WESTERN, "not UTF-8; the usual encoding of Western Europe"


def is_plausible(head: bytes, encoding: str) -> bool:
    """Return whether half of the words with other than ASCII letters are spelled right."""
    lines = [line for line in head.splitlines() if not line.isascii() and not _is_utf8(line)]
    return not lines or _score(b"\n".join(lines)[:_SAMPLE], encoding) >= 0.5


def _is_utf8(text: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(text)
    except UnicodeDecodeError:
        return False
    return True


def _wide(head: bytes) -> str | None:
    """Return which UTF-16 or UTF-32 a text without a mark is, or None."""
    head = head[: len(head) // 4 * 4][:_SAMPLE]
    best, most = None, 0.5
    for encoding in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        # Line ends and separators are common in the right one, and hardly occur in the other.
        share = sum(map(text.count, "\n\r\t,;| ")) / max(len(text), 1)
        bare = text.count("\0") / max(len(text), 1)
        if share > 0.01 and bare < 0.01 and 0.5 + share > most:
            best, most = encoding, 0.5 + share
    return best


@cache
def _alphabets(encoding: str) -> tuple[frozenset[str], ...]:
    alphabets = [
        frozenset(letters + letters.upper() + letters.title()) for letters in _LANGUAGES[encoding]
    ]
    return (*alphabets, frozenset().union(*alphabets))


def _score(sample: bytes, encoding: str) -> float:
    """Return the share of words of a sample that are spelled as in one language, 0 to 1.

    Words of all the encoding's languages count less: no language has all its letters.
    """
    text = sample.decode(encoding, "replace")
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    if not words:
        return 0
    text = "".join(letter for word in words for letter in word if not letter.isascii())
    is_latin = encoding in {WESTERN, *_LATIN}
    *alphabets, union = (
        sum(_fits(word, alphabet, is_latin) for word in words) for alphabet in _alphabets(encoding)
    )
    score = max(*alphabets, 0.96 * union if is_latin else union) / len(words)
    # Titles and names have capitals and small letters, unless the script has no such thing.
    mixed = len({text, text.upper(), text.lower()}) != 2
    return score if mixed or is_latin else 0.9 * score


_LATIN = ("windows-1250", "iso-8859-2", "windows-1254", "windows-1257")


def _fits(word: str, alphabet: Iterable[str], is_latin: bool) -> bool:
    if len(word) == 1 and word in _PUNCTUATION:
        return True
    letters = [letter for letter in word if not letter.isascii()]
    if any(letter not in alphabet for letter in letters):
        return False
    if is_latin:
        if 0.67 * len(word) < len(letters) and len(word) > 2:
            return False
    elif len(letters) < len(word):
        return False
    return word.isupper() or word[1:] == word[1:].lower()


def _east_asian(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes

    possible = [whole for common, whole in _EAST_ASIAN.items() if _decodes(sample, common)]
    possible = possible or [whole for whole in _EAST_ASIAN.values() if _decodes(sample, whole)]
    if not possible:
        return None
    best = from_bytes(sample, cp_isolation=possible, enable_fallback=False).best()
    return best.encoding if best else None


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return False
    return True
