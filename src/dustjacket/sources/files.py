"""Source files on local disk, in S3 or on the web: fingerprint their content, copy them to S3."""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from dustjacket.errors import BadInputError
from dustjacket.settings import Settings
from dustjacket.sources.roots import check_allowed
from dustjacket.sources.s3_objects import s3_objects
from dustjacket.storage.folder import THIS_MACHINE
from dustjacket.storage.store import Store

_UPLOADS = 8
_MAX_DOWNLOAD = 8 << 30
_UNREADABLE = b"unreadable"
_COPY = re.compile("sources/[0-9a-f]{16}/[0-9a-f]{32}")


@dataclass(frozen=True)
class SourceFile:
    """One file of a source, as an object in S3.

    Attributes:
        name: path of the file below the folder of the source.
        size: in bytes.
        member: name of the file in the archive that the object is; empty if it is none.
    """

    name: str
    bucket: str
    key: str
    size: int = 0
    member: str = ""


def fingerprint(source: str, settings: Settings, store: Store | None = None) -> str:
    """Return a digest of the content of ``source``: 64 hexadecimal digits.

    Args:
        source: path, ``s3://`` address, or ``http(s)://`` address of a file.
        store: takes what is downloaded from the web, so that :func:`stage` finds it there.

    Raises:
        BadInputError: the source does not exist, is empty, or may not be read.
        NotReadyError: the web server is not available now.
    """
    if is_web(source):
        with _downloaded(source, settings) as path:
            if store:
                (file,) = copy_to_s3(path, store, [(path.name, path)])
                store.client.put_object(
                    Bucket=store.bucket, Key=_kept(source), Body=json.dumps(asdict(file)).encode()
                )
            return _content(path)
    if source.startswith("s3://"):
        digest = hashlib.sha256()
        for key, etag, _ in s3_objects(source, settings):
            digest.update(f"{key}\0{etag}\0".encode())
        return digest.hexdigest()
    check_allowed(source, settings)
    return _content(Path(source))


def _content(root: Path) -> str:
    folder = root if root.is_dir() else root.parent
    named = ((file.relative_to(folder).as_posix(), file) for file in local_files(root))
    return _content_of(named, root)


def _content_of(named: Iterable[tuple[str, Path]], root: Path) -> str:
    digest = hashlib.sha256()
    for name, file in named:
        digest.update(os.fsencode(name))
        try:
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        except OSError:
            if file == root:
                raise
            digest.update(_UNREADABLE)
    return digest.hexdigest()


def contents(values: Iterable[str], settings: Settings) -> dict[str, str]:
    """Return the :func:`fingerprint` of each of ``values`` that is a path or an s3:// address."""
    return {
        value: fingerprint(value, settings) if value.startswith("s3://") else _content(Path(value))
        for value in values
        if value.startswith("s3://") or (value and Path(value).exists())
    }


def _kept(url: str) -> str:
    """Return the key of what says where the last download of an address is."""
    return f"sources/web/{hashlib.sha256(url.encode()).hexdigest()[:32]}.json"


def is_web(source: str) -> bool:
    """Return whether ``source`` is the address of a file on the web."""
    return source.lower().startswith(("http://", "https://"))


def name_of(source: str) -> str:
    """Return the last part of the path of a source: the file's name if the source is one file."""
    return PurePosixPath(urlsplit(source).path if "://" in source else source).name


@contextmanager
def _downloaded(url: str, settings: Settings) -> Iterator[Path]:
    """Download a file to a temporary folder; the folder is deleted after the block."""
    from dustjacket.web.blocking import download

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (name_of(url) or "download")
        download(url, path, settings, _MAX_DOWNLOAD)
        yield path


def local_files(root: Path) -> list[Path]:
    """Return the file ``root``, or all files below the folder ``root``, sorted by path.

    A link to a folder inside ``root`` is followed, except inside another such link.

    Raises:
        BadInputError: the file or folder does not exist, or the folder is empty.
    """
    if root.is_file():
        return [root]
    files = sorted(files_below(root, root.resolve())) if root.is_dir() else []
    if not files:
        defect = "is neither a file nor a folder" if root.exists() else "does not exist"
        defect = "is an empty folder" if root.is_dir() else defect
        raise BadInputError(
            f"source {str(root)!r} {defect}: give a file, or a folder that contains files"
        )
    return files


def files_below(folder: Path, root: Path, *, linked: bool = False) -> Iterator[Path]:
    """Yield the files below ``folder``; folders that may not be read are left out.

    Args:
        root: of the source, without links; a link that leads out of it is not followed.
        linked: whether ``folder`` is a link.
    """
    for parent, folders, names in os.walk(folder):
        yield from (file for name in names if (file := Path(parent, name)).is_file())
        for link in (Path(parent, name) for name in folders if not linked):
            target = link.resolve()
            # A link to a folder that holds it would have no end.
            is_circle = link.parent.resolve().is_relative_to(target)
            if link.is_symlink() and target.is_relative_to(root) and not is_circle:
                yield from files_below(link, root, linked=True)


def stage(source: str, store: Store, is_wanted: Callable[[str], bool]) -> list[SourceFile]:
    """Return the files of ``source`` with a name that ``is_wanted`` accepts, sorted by name.

    Files on local disk or the web are first copied to ``sources/<fingerprint>/``, once for the
    same content, so that every machine of a cluster can read them. A file on the web is the one
    that was downloaded for its last fingerprint in this store. A store in a folder is of this
    machine alone: there, local files are read where they lie. Symbolic links that lead out of the
    source's folder are ignored.

    Raises:
        BadInputError: the source does not exist, is empty, or may not be read.
    """
    if source.startswith("s3://"):
        address = urlsplit(source)
        prefix = address.path.lstrip("/")
        files = [
            SourceFile(
                key.removeprefix(prefix).lstrip("/") or PurePosixPath(key).name,
                address.netloc,
                key,
                size,
            )
            for key, _, size in s3_objects(source, store.settings)
        ]
        return sorted((file for file in files if is_wanted(file.name)), key=lambda file: file.name)
    if is_web(source):
        if kept := store.get(_kept(source)):
            file = SourceFile(**json.loads(kept))
            if dict(store.keys(file.key)):
                return [file]
        with _downloaded(source, store.settings) as path:
            return copy_to_s3(path, store, _wanted(path, is_wanted))
    check_allowed(source, store.settings)
    root = Path(source)
    if store.settings.folder:
        return [in_place(name, path) for name, path in _wanted(root, is_wanted)]
    return copy_to_s3(root, store, _wanted(root, is_wanted))


def discard_copies(files: Iterable[SourceFile], store: Store) -> None:
    """Delete the copies that :func:`stage` made of files; what lies elsewhere stays."""
    copies = {file.key for file in files if file.bucket == store.bucket}
    for key in filter(_COPY.fullmatch, copies):
        store.client.delete_object(Bucket=store.bucket, Key=key)


def names_in(source: str, settings: Settings) -> list[str]:
    """Return the names of the files of a folder, on local disk or in S3; others have none.

    Raises:
        BadInputError: the source does not exist, or may not be read.
    """
    if source.startswith("s3://"):
        prefix = urlsplit(source).path.lstrip("/")
        return [key.removeprefix(prefix) for key, _, _ in s3_objects(source, settings)]
    if is_web(source):
        return []
    check_allowed(source, settings)
    root = Path(source)
    return [path.relative_to(root).as_posix() for path in local_files(root) if path != root]


def in_place(name: str, path: Path) -> SourceFile:
    """Return a file that is read where it lies."""
    return SourceFile(name, THIS_MACHINE, str(path), path.stat().st_size)


def _wanted(root: Path, is_wanted: Callable[[str], bool]) -> list[tuple[str, Path]]:
    """Return name and path of the wanted files, sorted by name."""
    folder = root if root.is_dir() else root.parent
    named = (
        (path.relative_to(folder).as_posix(), path)
        for path in local_files(root)
        if path == root or path.resolve().is_relative_to(folder.resolve())
    )
    return sorted((name, path) for name, path in named if is_wanted(name))


def copy_to_s3(root: Path, store: Store, named: list[tuple[str, Path]]) -> list[SourceFile]:
    """Copy files under keys that do not depend on the length and the characters of their names.

    A file that may not be read is left out, so reading its copy fails.

    Args:
        root: the source; if it is one file, it must be readable.
        named: names and paths.
    """
    prefix = f"sources/{_content_of(named, root)[:16]}/"
    existing = dict(store.keys(prefix))
    paths = dict(named)
    files = [
        SourceFile(
            name,
            store.bucket,
            prefix + hashlib.sha256(os.fsencode(name)).hexdigest()[:32],
            path.stat().st_size,
        )
        for name, path in paths.items()
    ]

    def copy(file: SourceFile) -> None:
        path = paths[file.name]
        if existing.get(file.key) == file.size:
            return
        try:
            path.open("rb").close()
        except OSError:
            if path == root:
                raise
            return
        store.client.upload_file(str(path), file.bucket, file.key)

    with ThreadPoolExecutor(_UPLOADS) as pool:
        for _ in pool.map(copy, files):
            pass
    return files
