"""How the first rows of a source of covers would be read, and why; nothing is written."""

from collections import Counter
from typing import Any

from rich.console import Console

from dustjacket.catalog.preview import RECORDS, Preview, PreviewedRecord
from dustjacket.catalog.step import FileFacts
from dustjacket.cli.context import absolute
from dustjacket.cli.local_ingest import local_store
from dustjacket.cli.preview import print_preview
from dustjacket.covers.find import FoundCovers, find_covers
from dustjacket.covers.packs import Packs
from dustjacket.covers.s3_prefix import S3Prefix
from dustjacket.covers.source import stage_covers
from dustjacket.covers.step import CoversParameters
from dustjacket.records.options import options_of
from dustjacket.sources.encoding import decode, raw_bytes
from dustjacket.storage.store import Store

_COUNTED = 1000
_FIELDS = ("title", "author", "category", "isbn13", "work_id", "rights", "image", "url")


def show_covers(given: dict[str, Any], console: Console) -> None:
    """Print how the first rows of a source are read.

    Args:
        given: parameters of the step.
    """
    paths = {name: absolute(given[name]) for name in ("source", "catalog")}
    parameters = CoversParameters.model_validate(given | paths)
    with local_store(parameters.source, parameters.catalog) as store:
        print_preview(preview_covers(parameters, store), console)


def preview_covers(parameters: CoversParameters, store: Store) -> Preview:
    """Read the first rows of a source of covers, without their images.

    Raises:
        BadInputError: the source has no covers.
    """
    source = stage_covers(parameters.source, store)
    options = options_of(parameters, (), store)
    with Packs(S3Prefix.of_store(store, "scratch/")) as packs:
        found = find_covers(source, parameters, packs, options, at_most=_COUNTED)
    rows = found.rows.to_pylist()
    rejected = Counter(row["reason"] for row in rows if row["reason"])
    records = [_record(row) for row in rows[:RECORDS]]
    return Preview(_files(found), found.passed_over, records, rejected, len(rows))


def _files(found: FoundCovers) -> list[FileFacts]:
    if found.by_name:
        return [
            FileFacts(file=f"{found.by_name:,} images", format="named 'Title - Author' or by ISBN")
        ]
    return [
        FileFacts(
            file=name,
            format="a table of covers",
            columns={field: (column,) for field, column in columns.items()},
        )
        for name, columns in found.columns.items()
    ]


def _record(row: dict[str, Any]) -> PreviewedRecord:
    fields = {name: row[name] for name in _FIELDS if row[name]}
    if not row["image"] and row["offset"] is not None:
        fields["image"] = f"{row['length']:,} bytes in the file itself"
    if row["training"] is False:
        fields["training"] = "no: text and data mining is reserved"
    raw = decode(raw_bytes(row["raw"]))
    return PreviewedRecord(row["source_file"], row["position"], raw, fields, row["reason"])
