"""Read members of an EPUB, within bounds: its package file and its cover."""

import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from dustjacket.errors import BadInputError
from dustjacket.sources.epub.opf import MAX_PACKAGE
from dustjacket.sources.epub.package import cover_path, safe_path
from dustjacket.sources.xml import parse_document

MAX_COVER = 64 << 20
"""Maximum size of a cover in bytes."""
_MAX_DIRECTORY = 4 << 20
_MAX_MEMBERS = 20_000
_END = struct.Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\x05\x06"
_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError,
            ValueError, struct.error)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EpubFile:
    """The parts of an EPUB that describe it.

    Attributes:
        package: the package file.
        cover_name: name of the cover's file in the archive; empty if there is none.
        cover: its bytes.
    """

    package: bytes
    cover_name: str = ""
    cover: bytes = b""


def read_epub(file: IO[bytes], *, cover: bool) -> EpubFile:
    """Read an EPUB from a file that can seek.

    Args:
        cover: whether to read the cover too.

    Raises:
        BadInputError: it is damaged, encrypted, larger than the limits, or no EPUB.
    """
    with _opened(file) as archive:
        container = parse_document(_member(archive, _CONTAINER, MAX_PACKAGE))
        roots = [root.get("full-path") or "" for root in container.iter("{*}rootfile")]
        path = next((path for root in roots if (path := safe_path(root))), "")
        if not path:
            raise BadInputError("names no package file in META-INF/container.xml: is it an EPUB?")
        package = _member(archive, path, MAX_PACKAGE)
        if not cover:
            return EpubFile(package)
        name = cover_path(parse_document(package), posixpath.dirname(path))
        if not name or name not in archive.namelist():
            return EpubFile(package)
        if name in _encrypted(archive):
            raise BadInputError(f"has an encrypted cover, {name!r}: give a file without DRM")
        return EpubFile(package, name, _member(archive, name, MAX_COVER))


@contextmanager
def _opened(file: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    try:
        _check_directory(file)
        with zipfile.ZipFile(file) as archive:
            yield archive
    except _DAMAGED as error:
        raise BadInputError(f"is a damaged archive ({error}): give a whole EPUB") from error


def _check_directory(file: IO[bytes]) -> None:
    """Check the size of the directory, which ``zipfile`` reads into memory as a whole."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 65_536 - _END.size))
    tail = file.read()
    at = tail.rfind(_END_SIGNATURE)
    if at < 0 or len(tail) - at < _END.size:
        raise BadInputError("is a damaged archive, without its end: give a whole EPUB")
    _, _, _, _, members, directory, _, _ = _END.unpack_from(tail, at)
    if members > _MAX_MEMBERS or directory > _MAX_DIRECTORY:
        raise BadInputError(f"has more than {_MAX_MEMBERS:,} members: give an EPUB")


def _member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise BadInputError(f"has no {name!r}: is it an EPUB?") from None
    if info.flag_bits & 1 or info.compress_type not in _METHODS:
        raise BadInputError(f"has an encrypted or unusual member, {name!r}: give a plain EPUB")
    with archive.open(info) as stream:
        body = stream.read(limit + 1)
    if len(body) > limit:
        raise BadInputError(
            f"has a member of more than {limit >> 20} MiB, {name!r}: make it smaller"
        )
    return body


def _encrypted(archive: zipfile.ZipFile) -> set[str]:
    if _ENCRYPTION not in archive.namelist():
        return set()
    encryption = parse_document(_member(archive, _ENCRYPTION, MAX_PACKAGE))
    return {
        safe_path(reference.get("URI") or "") for reference in encryption.iter("{*}CipherReference")
    }
