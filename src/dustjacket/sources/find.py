"""Find the tables among the files of a source, also in archives, and say why others are none."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import BinaryIO
from urllib.parse import unquote

from dustjacket.errors import BadInputError
from dustjacket.sources.archives import is_archive, members
from dustjacket.sources.chunks import resumed
from dustjacket.sources.dialects import SEPARATORS
from dustjacket.sources.files import SourceFile, name_of, stage
from dustjacket.sources.formats import (
    HEAD_BYTES,
    format_of,
    is_table_name,
    problem_of,
    shape_of,
)
from dustjacket.sources.streams import corrupt_as_bad_input, decompressed, opened
from dustjacket.sources.tables import ReadOptions, Shape, shown
from dustjacket.storage.store import Store

_LOOSE_ENDINGS = (".txt", ".xml", ".json", ".zip", ".tar", ".tgz")
"""Files with other endings of tables that are none end the run: they were meant to be tables."""
_HIDDEN = re.compile(r"\.[^.].*|__MACOSX|Thumbs\.db|desktop\.ini", re.IGNORECASE | re.DOTALL)
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class SourceTable:
    """A file of a source that is a table, and its shape."""

    file: SourceFile
    shape: Shape


@dataclass(frozen=True)
class Found:
    """The tables of a source, and why each of the other files is none, by name.

    Attributes:
        refused: why files that should be tables are none, by name.
        passed_over: why other files are none, by name.
    """

    tables: list[SourceTable] = field(default_factory=list)
    refused: dict[str, BadInputError] = field(default_factory=dict)
    passed_over: dict[str, str] = field(default_factory=dict)


Take = Callable[[SourceFile, bytes, BinaryIO], bool]
"""Is given a file, its first bytes, and its content; returns whether it takes the file."""


def may_be_table(name: str) -> bool:
    """Return whether a file of a folder is looked at: not hidden, and no other known kind."""
    return not _is_no_table(name) and (is_table_name(name) or not PurePosixPath(name).suffix)


def stage_tables(source: str, store: Store) -> list[SourceFile]:
    """Return the file that a source is, or those of a folder that may be tables; see `stage`."""
    return stage(source, store, lambda name: name == name_of(source) or may_be_table(name))


def is_hidden(name: str) -> bool:
    """Return whether a file, or a folder in its path, is the system's own, such as ``.git``."""
    return any(map(_HIDDEN.fullmatch, PurePosixPath(name).parts))


def _is_no_table(name: str) -> bool:
    # Spark and Delta begin the names of their own files, which hold no rows, with "_".
    return is_hidden(name) or any(part.startswith("_") for part in PurePosixPath(name).parts)


def find_tables(
    files: Sequence[SourceFile], source: str, store: Store, options: ReadOptions
) -> Found:
    """Return the tables among ``files``; see :func:`look_at`.

    Raises:
        BadInputError: a file is damaged, or is named like a table and is none; or there is no
            table at all.
    """
    found = look_at(files, source, store, options)
    for problem in found.refused.values():
        raise problem
    if not found.tables:
        others = "; ".join(f"{name} ({why})" for name, why in list(found.passed_over.items())[:3])
        raise BadInputError(
            f"source {source!r} has no table: {others or 'no file of a known kind'}"
        )
    return found


def look_at(
    files: Sequence[SourceFile],
    source: str,
    store: Store,
    options: ReadOptions,
    take: Take = lambda *_: False,
) -> Found:
    """Return the tables among ``files``, and why others are none.

    Hidden and empty files, and texts without columns, are passed over. Parts of a folder's name
    such as ``genre=Poetry`` are columns. An archive's files are tables of their own.

    Args:
        files: of the source.
        source: as the user names it; a source of one file is read whatever the name.
        options: for all files.
        take: sees each file first, and those in archives; those that it takes are left out.
    """
    found = Found()
    for file in files:
        is_alone = len(files) == 1 and file.name == name_of(source)
        if not is_alone and (_is_no_table(file.name) or not file.size):
            found.passed_over[file.name] = "hidden" if _is_no_table(file.name) else "empty"
            continue
        name = source if is_alone else f"{source.rstrip('/')}/{file.name}"
        try:
            for one, shape in _shapes(file, store, replace(options, name=name), take):
                strict = is_table_name(one.name) and not one.name.lower().endswith(_LOOSE_ENDINGS)
                if isinstance(shape, Shape):
                    found.tables.append(SourceTable(one, shape))
                elif isinstance(shape, BadInputError) and (is_alone or (strict and not one.member)):
                    found.refused[one.name] = shape
                else:
                    found.passed_over[one.name] = str(shape)
        except BadInputError as error:  # it is damaged, or may not be read
            found.refused[file.name] = error
    return found


def _shapes(
    file: SourceFile, store: Store, options: ReadOptions, take: Take
) -> Iterator[tuple[SourceFile, Shape | BadInputError | str]]:
    """Yield a file, or the files in an archive, each with its shape or why it is no table."""
    with corrupt_as_bad_input(file), opened(file, store) as stream:
        head = stream.read(HEAD_BYTES)
        whole = resumed(head, stream)
        if not is_archive(head) or not problem_of(head) or _is_format(head, options.name):
            if not take(file, head, whole):
                yield file, _shape(file, whole, options)
            return
        for member in members(whole, options.name):
            one = replace(
                file, name=f"{file.name}/{member.name}", size=member.size, member=member.name
            )
            if problem := member.problem or (is_hidden(member.name) and "hidden"):
                yield one, problem
                continue
            body = decompressed(resumed(b"", member.body))
            start = body.peek(512)
            if take(one, start, body):
                continue
            if _is_no_table(member.name):
                yield one, "hidden"
            elif not start:
                yield one, "empty"
            elif is_archive(start) and problem_of(start):
                yield one, "an archive inside an archive: unpack it"
            else:
                yield one, _shape(one, body, replace(options, name=f"{options.name}/{member.name}"))


def _is_format(head: bytes, name: str) -> bool:
    try:
        format_of(head, name)
    except BadInputError:
        return False
    return True


def _shape(file: SourceFile, stream: BinaryIO, options: ReadOptions) -> Shape | BadInputError | str:
    try:
        shape = shape_of(stream, options)
    except BadInputError as error:
        return error
    shape = replace(shape, constants=tuple(_partitions(file.name)))
    is_one_column = shape.format == "csv" and len(shape.columns) < 2
    if not is_one_column or shape.constants or options.columns & {*shape.keys}:
        return shape
    if not file.name.lower().endswith((".csv", ".tsv", ".tab")):
        return "a text without columns"
    return BadInputError(
        f"{options.name!r} has one column, {shown(shape.columns[0])}: no separator of "
        f"{', '.join(SEPARATORS.values())} divides its lines; give the parameter separator, or a "
        "table of several columns"
    )


def _partitions(name: str) -> Iterator[tuple[str, str]]:
    """Yield the columns that the folders of a partitioned table name."""
    for part in PurePosixPath(name).parent.parts:
        column, equals, value = part.partition("=")
        if equals and column:
            yield column, "" if value == _NO_VALUE else unquote(value)
