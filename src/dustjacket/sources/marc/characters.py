"""The characters of a MARC record: UTF-8 or MARC-8, whatever its leader claims."""

import io
import re
import unicodedata
from collections.abc import Callable
from contextlib import redirect_stderr

from dustjacket.sources.encoding import decode

_ESCAPE = b"\x1b"
_MULTIBYTE_SET = b"\x1b$"
_MARKED = re.compile(rb"([\xe0-\xfe]+)([^\xe0-\xfe]?)", re.DOTALL)
_LIGATURE_HALVES = frozenset(b"\xeb\xec\xfa\xfb")


def decoder_of(data: bytes, claims_utf8: bool) -> Callable[[bytes], str]:
    """Return the function that decodes the text of one record.

    Leaders are often wrong. Text with UTF-8 sequences throughout is UTF-8. Other text is MARC-8,
    in which a mark precedes its letter, if its marks have letters; else it is Windows-1252.

    Args:
        data: all fields of the record.
        claims_utf8: leader/09 is ``a``.
    """
    has_escapes = _ESCAPE in data
    if data.isascii() and not has_escapes:
        return lambda text: text.decode("ascii")
    if not has_escapes:
        try:
            data.decode()
        except UnicodeDecodeError:
            pass
        else:
            return bytes.decode
    if claims_utf8 and re.search(rb"[\xc3-\xf4][\x80-\xbf]", data):
        return decode
    return _of_marc8 if has_escapes or _has_marks_of_marc8(data, claims_utf8) else decode


def _has_marks_of_marc8(data: bytes, in_doubt: bool) -> bool:
    """Return whether high bytes are marks that stand before a letter which can carry them.

    Args:
        in_doubt: demand that all of them form one character with their letter.
    """
    forms = halves = others = 0
    for marks, letter in _MARKED.findall(data):
        if not letter or not (letter.isalpha() or letter >= b"\xa1" or letter in b"0123456789 "):
            return False
        if not _LIGATURE_HALVES.isdisjoint(marks):
            halves += 1
        elif len(unicodedata.normalize("NFC", _of_marc8(marks + letter))) == 1 and letter != b" ":
            forms += 1
        else:
            others += 1
    return not others if in_doubt else bool(forms or halves or not others)


def _of_marc8(text: bytes) -> str:
    if text.isascii() and _ESCAPE not in text:
        return text.decode("ascii")
    # The tables of East Asian characters take a tenth of a second to import.
    from pymarc.marc8 import marc8_to_unicode

    try:
        if _MULTIBYTE_SET not in text:
            return str(marc8_to_unicode(text, hide_utf8_warnings=True))
        with redirect_stderr(io.StringIO()):  # of a text that ends within a character, always
            return str(marc8_to_unicode(text, hide_utf8_warnings=True))
    except (UnicodeDecodeError, ValueError):
        return decode(text)
