"""Encryption of a backup's files: AES-256-GCM in chunks, so that any size fits into memory."""

import hashlib
import hmac
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dustjacket.errors import BadInputError, CorruptVersionError

_MAGIC, _SALT, _KEY = b"dustjacket-1\n", 16, 32
_MORE, _LAST = b"more", b"last"


def load_key(file: Path, *, create: bool) -> bytes:
    """Return the key in a file; make a new one if there is none and ``create``.

    Raises:
        BadInputError: the file does not exist, or does not hold a key.
    """
    if create and not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(os.urandom(_KEY).hex())
    try:
        key = bytes.fromhex(file.read_text().strip())
    except FileNotFoundError:
        raise BadInputError(
            f"there is no key {file}: name the one that the backup was made with"
        ) from None
    except (ValueError, UnicodeDecodeError):
        key = b""
    if len(key) != _KEY:
        raise BadInputError(f"{file} holds no key: it has 64 hexadecimal digits")
    return key


def sealed_name(key: bytes, digest: str) -> str:
    """Return the name of the file with a content, which does not reveal the content's digest."""
    return hmac.new(key, digest.encode(), hashlib.sha256).hexdigest()


def write_sealed(key: bytes, chunks: Iterator[bytes], file: BinaryIO) -> None:
    """Write an encrypted file: a random salt, and chunks that cannot be left out or reordered."""
    salt = os.urandom(_SALT)
    file.write(_MAGIC + salt)
    cipher = _cipher(key, salt)
    number, held = 0, next(chunks, b"")
    for chunk in chunks:
        file.write(_sealed(cipher, number, held, _MORE))
        number, held = number + 1, chunk
    file.write(_sealed(cipher, number, held, _LAST))


def read_sealed(key: bytes, file: BinaryIO) -> Iterator[bytes]:
    """Yield the content of an encrypted file.

    Raises:
        CorruptVersionError: it was changed or cut off, or has another key.
    """
    if file.read(len(_MAGIC)) != _MAGIC:
        raise CorruptVersionError("it is not encrypted by this release")
    cipher, number, ended = _cipher(key, file.read(_SALT)), 0, False
    while size := file.read(4):
        if ended or len(size) != 4:
            raise CorruptVersionError("it does not end where it should")
        body = file.read(struct.unpack(">I", size)[0] & 0x7FFFFFFF)
        ended = bool(size[0] & 0x80)
        try:
            chunk = cipher.decrypt(_nonce(number), body, _LAST if ended else _MORE)
        except InvalidTag:
            raise CorruptVersionError("it was changed, or was made with another key") from None
        yield chunk
        number += 1
    if not ended:
        raise CorruptVersionError("it is cut off")


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, b"dustjacket backup").derive(key))


def _sealed(cipher: AESGCM, number: int, chunk: bytes, place: bytes) -> bytes:
    body = cipher.encrypt(_nonce(number), chunk, place)
    flag = 0x80000000 if place == _LAST else 0
    return struct.pack(">I", len(body) | flag) + body


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")
