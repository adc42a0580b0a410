"""Decode text: UTF-8 with stray Windows-1252 bytes, and raw bytes as Latin-1."""

import codecs

STRAY_BYTES = "dustjacket.stray_bytes"


def decode(text: bytes) -> str:
    """Decode ``text`` as UTF-8, and each byte that is not valid UTF-8 as Windows-1252.

    Real records mix the two encodings. The five bytes that Windows-1252 leaves undefined become
    U+FFFD.
    """
    return text.decode("utf-8", STRAY_BYTES)


def raw_text(raw: bytes) -> str:
    """Return the bytes of a record as text without loss: one character per byte (Latin-1)."""
    return raw.decode("latin-1")


def raw_bytes(text: str) -> bytes:
    """Return the bytes of a text made by :func:`raw_text`."""
    return text.encode("latin-1")


def _stray_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(STRAY_BYTES, _stray_bytes)
