"""Write all files of a version of covers: shards, index, rejected rows, near-duplicates."""

import io
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from PIL import Image

from dustjacket.covers.decide import COVERS, decide
from dustjacket.covers.fetch import trim, with_ledger
from dustjacket.covers.find import FoundCovers, find_covers
from dustjacket.covers.normalise import NORMALISED_SCHEMA, ShardTask
from dustjacket.covers.packs import Packs
from dustjacket.covers.progress import report_progress
from dustjacket.covers.read import DUPLICATES, INDEX
from dustjacket.covers.result import (
    INDEX_COLUMNS,
    MAX_NAMED,
    CoversResult,
    check_rejects,
    result_of,
)
from dustjacket.covers.s3_prefix import S3Prefix
from dustjacket.covers.source import CoverSource
from dustjacket.covers.step import CoversParameters
from dustjacket.covers.tables import ROW_SCHEMA
from dustjacket.pipeline.engine import Engine, in_this_process, on_spark
from dustjacket.records.erased import ERASED
from dustjacket.records.genres import published_spellings
from dustjacket.records.options import options_of
from dustjacket.storage.manifest import Manifest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

REJECTED = "rejected"
_REJECTED_COLUMNS = ("position", "reason", "raw", "source_file", "title", "image", "url")
_TASK_COLUMNS = (
    "position", "source_file", "title", "author", "category", "image", "url", "isbn13", "work_id",
    "training", "strict", "file", "offset", "length",
)  # fmt: skip
_ROWS_PER_FILE = 500_000


@dataclass
class _Count:
    """A counter of this process, as Spark's accumulators are used."""

    value: int = 0

    def add(self, n: int) -> None:
        """Count ``n`` more."""
        self.value += n


def write_covers(
    spark: "SparkSession | None",
    source: CoverSource,
    out: S3Prefix,
    cache: S3Prefix,
    scratch: S3Prefix,
    parameters: CoversParameters,
    report: Callable[[str], None],
    *,
    run: str,
    private: bool = False,
    catalog: Manifest | None = None,
) -> CoversResult:
    """Read the covers of ``source`` and write the files of a version below ``out``.

    Written are ``shards/*.tar`` (for each cover an image, its caption and a JSON file), and as
    Parquet ``index/`` (``INDEX_COLUMNS``), ``rejected/`` and ``duplicates/``. Duplicates are known
    only when all shards are written, so shards also hold them; the index lists the accepted covers.

    Args:
        spark: runs the tasks that write shards; None: this process does.
        cache: keeps downloads for the next run.
        scratch: for temporary files.
        report: takes lines of text on the progress.
        run: unique to this run.
        private: whether private addresses may be fetched.

    Raises:
        BadInputError: the source has no covers, or too many of its rows are rejected.
        NotReadyError: too many images could not be fetched, for transient reasons.
    """
    with Packs(scratch) as packs:
        options = options_of(parameters, (), source.store)
        found = find_covers(source, parameters, packs, options, catalog=catalog)
    rows = _with_one_spelling(found.rows)
    _report_found(found, report)
    to_read = rows.filter(pc.is_null(rows["reason"]))
    report(f"{len(rows):,} rows name {len(to_read):,} images")
    engine, cores = _engine(spark)
    to_read = with_ledger(to_read.select(_TASK_COLUMNS), cache)
    chunks = _chunks(to_read, parameters.covers_per_shard)
    tasks = max(1, min(cores, len(chunks))) if spark else 1
    done = spark.sparkContext.accumulator(0) if spark else _Count()
    task = ShardTask(
        source=S3Prefix.of_store(source.store, "", source.bucket),
        packs=replace(scratch, prefix=""),
        out=out,
        cache=cache,
        parameters=parameters,
        private=private,
        connections_per_host=max(1, parameters.connections_per_host // tasks),
        run=run,
        done=done.add,
        erased=options.erased,
        **({} if spark else {"threads": cores}),
    )
    with report_progress(len(to_read), lambda: int(done.value), report):
        covers = pa.concat_tables([NORMALISED_SCHEMA.empty_table(), *engine(task, chunks)])
    trim(cache, set(to_read["tar"].to_pylist()))
    decided, pairs = _decided(rows, covers, parameters.placeholder_books, out)
    result = result_of(decided, found)
    check_rejects(source.address, result, parameters.max_reject_share)
    accepted = pc.is_null(decided["reason"])
    for folder, table in (
        (INDEX, decided.filter(accepted).select(INDEX_COLUMNS)),
        (REJECTED, decided.filter(pc.invert(accepted)).select(_REJECTED_COLUMNS)),
        (DUPLICATES, pairs),
    ):
        _write(table, folder, out)
    report(result.summary())
    return result


def _with_one_spelling(rows: pa.Table) -> pa.Table:
    """Return the rows with each category in its most frequent spelling."""
    encoded = rows["category"].combine_chunks().dictionary_encode()
    counted = encoded.filter(pc.is_null(rows["reason"]).combine_chunks()).drop_null()
    names = encoded.dictionary.to_pylist()
    numbers = np.bincount(counted.indices.to_numpy(), minlength=len(names))
    published = published_spellings(dict(zip(names, numbers.tolist(), strict=True)))
    spellings = pa.array([published[name] for name in names], pa.string())
    place = rows.schema.get_field_index("category")
    return rows.set_column(place, "category", spellings.take(encoded.indices))


def _engine(spark: "SparkSession | None") -> tuple[Engine, int]:
    """Return what runs the tasks, and on how many cores."""
    if spark:
        return on_spark(spark), spark.sparkContext.defaultParallelism
    return in_this_process, len(os.sched_getaffinity(0))


def _report_found(found: FoundCovers, report: Callable[[str], None]) -> None:
    for table, columns in list(found.columns.items())[:MAX_NAMED]:
        report(
            f"{table}: " + ", ".join(f"{field} from {name!r}" for field, name in columns.items())
        )
    if found.by_name:
        report(
            f"no table: the names of {found.by_name:,} images are read as 'Title - Author' or ISBN"
        )
    for name, reason in list(found.passed_over.items())[:MAX_NAMED]:
        report(f"{name!r} is not used: {reason}")


def _chunks(rows: pa.Table, covers_per_shard: int) -> list[pa.Table]:
    """Return the rows of each shard; rows with one URL share it, so that it is fetched once."""
    positions = rows["position"].to_numpy()
    firsts = positions.copy()
    first_of_url: dict[str, int] = {}
    for index, url in enumerate(rows["url"].to_pylist()):
        if url is not None:
            firsts[index] = first_of_url.setdefault(url, positions[index])
    numbers = firsts // covers_per_shard
    order = np.argsort(numbers, kind="stable")
    rows = rows.append_column("chunk", pa.array(numbers)).take(pa.array(order))
    starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    sizes = np.diff(starts, append=len(rows))
    return [rows.slice(start, size) for start, size in zip(starts, sizes, strict=True)]


def _decided(
    rows: pa.Table, covers: pa.Table, placeholder_books: int, out: S3Prefix
) -> tuple[pa.Table, pa.Table]:
    """Return all rows with what was read and decided of them, and the pairs of near-duplicates."""
    covers = covers.combine_chunks().sort_by("position")
    stored_positions = covers["position"].to_numpy()
    places = np.full(len(rows), -1)
    index = np.searchsorted(rows["position"].to_numpy(), stored_positions)
    places[index] = np.arange(len(covers))
    where = pa.array(places, mask=places < 0)
    own_reasons = rows["reason"]
    rows = rows.select([name for name in ROW_SCHEMA.names if name not in ("offset", "reason")])
    for name in covers.column_names:
        if name != "position":
            rows = rows.append_column(name, covers[name].take(where))
    reasons = pc.coalesce(own_reasons, rows["reason"])
    read = np.flatnonzero(pc.is_null(reasons).to_numpy())
    where_stored = covers.select(["position", "shard", "offset", "size"])

    def picture(position: int) -> Image.Image:
        row = where_stored.slice(int(np.searchsorted(stored_positions, position)), 1).to_pylist()[0]
        body = out.read(row["shard"], row["offset"], row["size"])
        return Image.open(io.BytesIO(body)).convert("L")

    decisions = decide(rows.take(pa.array(read)).select(COVERS.names), placeholder_books, picture)
    places = np.full(len(rows), -1)
    places[read] = np.arange(len(read))
    where = pa.array(places, mask=places < 0)
    reasons = pc.coalesce(reasons, decisions.covers["reason"].take(where))
    is_erased = pc.fill_null(pc.equal(reasons, ERASED), fill_value=False)
    for name in ("raw", "title", "image", "url"):
        nothing = pa.scalar("" if name == "raw" else None, pa.string())
        kept = pc.if_else(is_erased, nothing, rows[name])
        rows = rows.set_column(rows.schema.get_field_index(name), name, kept)
    rows = rows.set_column(rows.schema.get_field_index("reason"), "reason", reasons)
    for name in ("group", "split"):
        rows = rows.append_column(name, decisions.covers[name].take(where))
    return rows, decisions.pairs


def _write(table: pa.Table, folder: str, out: S3Prefix) -> None:
    """Write a table as Parquet files of bounded size; an empty one is one file."""
    for number, start in enumerate(range(0, max(len(table), 1), _ROWS_PER_FILE)):
        with tempfile.NamedTemporaryFile() as file:
            pq.write_table(table.slice(start, _ROWS_PER_FILE), file.name, compression="zstd")
            out.upload(f"{folder}/part-{number:05d}.parquet", Path(file.name))
