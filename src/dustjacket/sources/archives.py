"""Files in ZIP and tar archives, read one after another within bounds."""

import io
import lzma
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

from dustjacket.errors import BadInputError
from dustjacket.sources.chunks import chunks_of, resumed, stream_of
from dustjacket.sources.tables import DamagedFileError, shown

MAX_MEMBERS = 200_000
MAX_BYTES = 256 << 30
_MAX_RATIO, _RATIO_FROM = 500, 256 << 20
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError)
_TAR_MAGIC_AT = 257


@dataclass(frozen=True)
class Member:
    """A file in an archive.

    Attributes:
        name: its path in the archive.
        size: in bytes, as the archive says.
        body: its content; to be read before the next member is fetched.
        problem: why it is not read, such as ``encrypted``, or None.
    """

    name: str
    size: int
    body: BinaryIO
    problem: str | None = None


def is_archive(head: bytes) -> bool:
    """Return whether a file is a ZIP or tar archive, by its first decompressed bytes.

    Spreadsheets and electronic books are ZIP archives too; ask the formats first.
    """
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06")) or head[_TAR_MAGIC_AT:].startswith(
        b"ustar"
    )


def members(stream: BinaryIO, name: str) -> Generator[Member]:
    """Yield the files of an archive in its order; folders and links are left out.

    A file whose name leads out of the archive, or that is encrypted, has a problem and no content.

    Args:
        stream: the archive, decompressed, at its beginning.
        name: of the archive, for error messages.

    Raises:
        BadInputError: the archive has more than ``MAX_MEMBERS`` files or ``MAX_BYTES`` bytes.
        DamagedFileError: it is damaged, or a file is a decompression bomb.
    """
    with tempfile.TemporaryFile() as local:
        head = stream.read(_TAR_MAGIC_AT + 5)
        whole = resumed(head, stream)
        count = total = 0
        try:
            if head.startswith(b"PK"):
                shutil.copyfileobj(whole, local)
                found = _zip_members(local)
            else:
                found = _tar_members(whole)
            for member in found:
                count, total = count + 1, total + member.size
                if count > MAX_MEMBERS or total > MAX_BYTES:
                    raise BadInputError(
                        f"{name!r} is an archive of more than {MAX_MEMBERS:,} files or "
                        f"{MAX_BYTES >> 30} GiB: unpack it, and give the folder"
                    )
                yield member
        except _BROKEN as error:
            raise DamagedFileError(f"{type(error).__name__}: {error}") from error


def open_member(stream: BinaryIO, name: str, member: str) -> io.BufferedReader:
    """Return the content of one file of an archive.

    Args:
        stream: the archive, decompressed, at its beginning.
        name: of the archive, for error messages.
        member: name of the file in it.

    Raises:
        DamagedFileError: there is no such file.
    """
    found = members(stream, name)
    for one in found:
        if one.name == member and one.problem is None:
            return stream_of(_owned(one.body, found))
    raise DamagedFileError(f"the archive has no file {shown(member)} any more")


def _owned(stream: BinaryIO, owner: Generator[Member]) -> Iterator[bytes]:
    yield from chunks_of(stream)
    owner.close()


def _zip_members(local: Any) -> Iterator[Member]:
    with zipfile.ZipFile(local) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            problem = "encrypted" if info.flag_bits & 1 else _unsafe(info.filename)
            if problem:
                yield Member(info.filename, 0, io.BytesIO(), problem)
                continue
            try:
                body = archive.open(info)
            except NotImplementedError:
                yield Member(info.filename, 0, io.BytesIO(), "compressed in an unknown way")
                continue
            with body:
                size = partial(int, info.compress_size)
                yield Member(info.filename, info.file_size, bounded(cast("BinaryIO", body), size))


def _tar_members(stream: BinaryIO) -> Iterator[Member]:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for info in archive:
            archive.members = []  # type: ignore[attr-defined]  # it would keep them all
            if not info.isfile():
                continue
            problem = _unsafe(info.name)
            body = archive.extractfile(info)
            if problem or body is None:
                yield Member(info.name, 0, io.BytesIO(), problem or "not a file")
            else:
                yield Member(info.name, info.size, cast("BinaryIO", body))


def _unsafe(name: str) -> str | None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not path.name:
        return "named outside of the archive"
    return None


def bounded(stream: BinaryIO, compressed: Callable[[], int]) -> io.BufferedReader:
    """Return a stream that ends in an error where it is far longer than what it is made of.

    Args:
        stream: decompressed bytes.
        compressed: returns the number of compressed bytes that were read.
    """

    def chunks() -> Iterator[bytes]:
        size = 0
        for chunk in chunks_of(stream):
            size += len(chunk)
            if size > _RATIO_FROM and size > _MAX_RATIO * compressed():
                raise DamagedFileError(f"its content is {_MAX_RATIO} times as long as the file")
            yield chunk

    return stream_of(chunks())
