"""Text from bytes: UTF-8 with stray Windows-1252, and records kept byte for byte as text."""

import codecs

_STRAY_BYTES = "dustjacket.stray_bytes"


def decode(text: bytes) -> str:
    """Return ``text`` read as UTF-8, and what is not UTF-8 in it as Windows-1252.

    Byte by byte, because real records mix the two; the five bytes that Windows-1252 does not
    define become U+FFFD.
    """
    return text.decode("utf-8", _STRAY_BYTES)


def raw_text(raw: bytes) -> str:
    """Return a record's bytes as text that loses none of them: a character a byte (Latin-1)."""
    return raw.decode("latin-1")


def raw_bytes(text: str) -> bytes:
    """Return the bytes that :func:`raw_text` made ``text`` of."""
    return text.encode("latin-1")


def _stray_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_STRAY_BYTES, _stray_bytes)
