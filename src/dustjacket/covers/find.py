"""Where a cover set says that its covers are: the rows of its tables, and the files they name."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import pandas as pd

from dustjacket.books import normalise
from dustjacket.errors import BadInputError
from dustjacket.records import Record, raw_text, read_records
from dustjacket.sources import SourceFile, stage
from dustjacket.storage import Store
from dustjacket.streams import opened

TITLE_COLUMNS, AUTHOR_COLUMNS = ("name", "title"), ("author", "authors")
IMAGE_COLUMNS, CATEGORY_COLUMNS = ("img_paths", "image_path", "image"), ("category", "genre")
TABLES, IMAGES = (".csv",), (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
CURE = (
    f"give a folder with images and a CSV file whose header names a title column "
    f"({' or '.join(TITLE_COLUMNS)}) and an image column ({' or '.join(IMAGE_COLUMNS)})"
)


@dataclass(frozen=True)
class CoverRow:
    """One row of a cover set's table, as it is written there; what is blank is None."""

    raw: str
    title: str | None
    author: str | None
    category: str | None
    image: str | None


def wanted(name: str) -> bool:
    """Return whether a file of a source is a table or an image, by its name."""
    return name.lower().endswith(TABLES + IMAGES)


def read_table(stream: BinaryIO) -> Iterator[CoverRow | Record] | None:
    """Return the rows of a table, or None if its header names no title and image columns.

    A record that cannot be read comes as it is, with its reason.
    """
    records = read_records(stream)
    header = next(records, None)
    names = [name.strip().casefold() for name in header.fields] if header else []
    places = {
        what: next((names.index(name) for name in known if name in names), None)
        for what, known in (
            ("title", TITLE_COLUMNS),
            ("author", AUTHOR_COLUMNS),
            ("category", CATEGORY_COLUMNS),
            ("image", IMAGE_COLUMNS),
        )
    }
    if places["title"] is None or places["image"] is None:
        return None

    def rows() -> Iterator[CoverRow | Record]:
        for record in records:
            if record.reason:
                yield record
                continue
            values = {
                what: " ".join(record.fields[at].split()) or None if at is not None else None
                for what, at in places.items()
            }
            yield CoverRow(raw_text(record.raw), **values)

    return rows()


def ends_of(names: Collection[str]) -> dict[str, str | None]:
    """Return which file each path of a folder and a name ends; None where several do."""
    ends: dict[str, str | None] = {}
    for name in names:
        parts = PurePosixPath(name).parts
        for start in range(len(parts) - 1):
            end = "/".join(parts[start:])
            ends[end] = name if end not in ends else None
    return ends


def locate(
    image: str, folder: str, names: Collection[str], ends: Mapping[str, str | None]
) -> str | None:
    """Return which of the source's files ``image`` means, or None if there is none.

    A path may begin with folders that the source does not have (``dataset/…``), or lack some that
    it has, so the longest end of it counts that names a file of the table's folder, or, with its
    folder, one file alone of the source.

    Args:
        image: path as the table has it.
        folder: the table's own folder in the source, to which paths are relative.
        names: the source's files.
        ends: what :func:`ends_of` gives for them.
    """
    parts = PurePosixPath(image).parts
    for start in range(len(parts)):
        end = "/".join(parts[start:])
        name = (PurePosixPath(folder) / end).as_posix()
        if name in names:
            return name
        if (found := ends.get(end)) is not None:
            return found
    return None


def is_safe(image: str) -> bool:
    """Return whether ``image`` is a path that stays below the source's folder."""
    path = PurePosixPath(image)
    return not (path.is_absolute() or ".." in path.parts or "\\" in image or "\0" in image)


def find_rows(source: str, store: Store) -> pd.DataFrame:
    """Return a row a record of the source's tables, with the object that holds its image.

    Columns: position, raw, title, author, category, bucket, object, reason (None: found).

    Raises:
        BadInputError: no file of the source is a table of covers.
    """
    files = {file.name: file for file in stage(source, store, wanted)}
    ends = ends_of([name for name in files if name.lower().endswith(IMAGES)])
    rows: list[dict[str, Any]] = []
    tables = 0
    for name in sorted(name for name in files if name.lower().endswith(TABLES)):
        table = read_table(opened(files[name], store))
        if table is None:
            continue
        tables += 1
        folder = PurePosixPath(name).parent.as_posix()
        for row in table:
            rows.append({"position": len(rows), **_found(row, folder, files, ends)})
    if not tables:
        raise BadInputError(f"covers {source!r} has no table of covers: {CURE}")
    columns = ["position", "raw", "title", "author", "category", "bucket", "object", "reason"]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _found(
    row: CoverRow | Record,
    folder: str,
    files: Mapping[str, SourceFile],
    ends: Mapping[str, str | None],
) -> dict[str, Any]:
    if isinstance(row, Record):
        return {"raw": raw_text(row.raw), "reason": row.reason}
    known: dict[str, Any] = {
        "raw": row.raw, "title": row.title, "author": row.author, "category": row.category
    }  # fmt: skip
    if not row.title:
        return known | {"reason": "no_title"}
    if not normalise(row.title):
        return known | {"reason": "punctuation_title"}
    if not row.image:
        return known | {"reason": "no_image"}
    if not is_safe(row.image):
        return known | {"reason": "unsafe_path"}
    name = locate(row.image, folder, files, ends)
    if name is None:
        return known | {"reason": "missing_image"}
    return known | {"bucket": files[name].bucket, "object": files[name].key}
