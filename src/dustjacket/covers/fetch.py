"""The images of one task's rows: read from the source, from what was fetched before, or the web.

What is fetched from the web and is an image is kept as it came, in tar files below ``tars/``, a
task's together; ``ledger/`` says where each URL is, or why the web has it not. A task writes its
tar first and its page of the ledger last, so a URL that is in the ledger is there whole.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from dustjacket.covers.prefetch import ahead
from dustjacket.covers.s3_prefix import Place
from dustjacket.covers.shards import ShardWriter, write_shard
from dustjacket.sources.arrow import spark_schema
from dustjacket.web.blocking import fetch_many
from dustjacket.web.client import WebClient
from dustjacket.web.failures import is_transient

LEDGER = "ledger"
_TARS = "tars"
_PAGE = pa.schema(
    [
        ("url", pa.string()),
        ("known_reason", pa.string()),
        ("tar", pa.string()),
        ("tar_offset", pa.int64()),
        ("tar_size", pa.int64()),
        ("tar_sha256", pa.string()),
    ]
)
_READERS, _AHEAD = 4, 16
_GAP, _LONGEST = 256 << 10, 64 << 20
"""Bytes between two originals that are read along, and the most that is read at once."""
_MOST_KEPT = 2 << 30
"""Bytes of originals that one task keeps; what is more is fetched again by the next run."""
_NO_IMAGE = ("not_an_image", "truncated", "empty_file")
Row = Mapping[str, Any]


def with_ledger(rows: DataFrame, cache: Place, spark: SparkSession) -> DataFrame:
    """Return ``rows`` with what the ledger knows of each ``url``, in the columns of ``_PAGE``."""
    page = spark_schema(_PAGE)
    columns = page.names[1:]
    if not cache.has(LEDGER):
        return rows.withColumns(
            {field.name: fn.lit(None).cast(field.dataType) for field in page.fields[1:]}
        )
    ledger = spark.read.schema(page).parquet(cache.uri(LEDGER))
    # Runs at the same time may have fetched the same; an image is worth more than a reason.
    best = (
        ledger.groupBy("url")
        .agg(
            fn.min(fn.struct(fn.col("known_reason").isNotNull().alias("no"), *columns)).alias("one")
        )
        .select("url", *(f"one.{column}" for column in columns))
    )
    return rows.join(best, "url", "left")


def read_bodies(
    rows: Sequence[Row], source: Place, max_bytes: int
) -> Iterator[tuple[Row, bytes | str]]:
    """Yield each of ``rows`` with the file of the source that it names, or why there is none."""

    def read(row: Row) -> bytes | str:
        try:
            return source.read(row["file"], size=max_bytes + 1)
        except FileNotFoundError:
            return "missing_image"
        except (PermissionError, IsADirectoryError):
            return "unreadable_image"

    yield from ahead(read, rows, _READERS, _AHEAD)


def fetch_bodies(
    rows: Sequence[Row], cache: Place, web: Callable[[], WebClient], kept: "Kept"
) -> Iterator[tuple[str, bytes | str]]:
    """Yield each URL of ``rows``, once, with its body, or the reason why it has none.

    What the ledger knows is taken from there, if it is as it was; all else is asked from the web,
    and noted in ``kept``.
    """
    urls = {row["url"]: row for row in rows}
    known = [row for row in urls.values() if row["tar"]]
    for row, body in _kept_bodies(known, cache):
        if hashlib.sha256(body).hexdigest() == row["tar_sha256"]:
            del urls[row["url"]]
            yield row["url"], body
    for url in [url for url, row in urls.items() if row["known_reason"]]:
        yield url, urls.pop(url)["known_reason"]
    if urls:
        for url, answer in fetch_many(urls, web):
            if isinstance(answer, str):
                kept.note(url, answer)
            yield url, answer


def _kept_bodies(rows: Sequence[Row], cache: Place) -> Iterator[tuple[Row, bytes]]:
    """Yield ``rows`` with what their range of a tar holds; near ones are read together."""
    runs: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: (row["tar"], row["tar_offset"])):
        first, last = (runs[-1][0], runs[-1][-1]) if runs else (None, None)
        if (
            first
            and last
            and row["tar"] == last["tar"]
            and row["tar_offset"] - _end(last) <= _GAP
            and _end(row) - first["tar_offset"] <= _LONGEST
        ):
            runs[-1].append(row)
        else:
            runs.append([row])
    for run in runs:
        start = run[0]["tar_offset"]
        try:
            body = cache.read(run[0]["tar"], start, _end(run[-1]) - start)
        except FileNotFoundError:
            body = b""
        for row in run:
            yield row, body[row["tar_offset"] - start : _end(row) - start]


def _end(row: Row) -> int:
    return int(row["tar_offset"] + row["tar_size"])


class Kept:
    """What one task fetched, until it is written: originals, and final failures."""

    def __init__(self, spool: ShardWriter) -> None:
        self._spool = spool
        self._entries: dict[str, dict[str, Any]] = {}

    def keep(self, url: str, body: bytes, reason: str | None) -> None:
        """Keep an original, unless it was rejected for a ``reason`` that says it is no image."""
        if url not in self._entries and reason not in _NO_IMAGE and self._spool.size < _MOST_KEPT:
            self._spool.add(url, body)
            self._entries[url] = {"tar_size": len(body), "tar_sha256": _digest(body)}

    def note(self, url: str, reason: str) -> None:
        """Note a failure, if it is the web's last word and not that of a setting or a limit."""
        if reason.startswith("http_") and not is_transient(reason):
            self._entries[url] = {"known_reason": reason}

    def write(self, cache: Place) -> None:
        """Write the originals, and then the page of the ledger that makes them known."""
        if not self._entries:
            return
        urls = sorted(self._entries)
        bodies = [url for url in urls if "tar_size" in self._entries[url]]
        name = _digest("\n".join(urls).encode())[:32]
        with tempfile.NamedTemporaryFile() as file:
            files = ((_digest(url.encode())[:32], self._spool.read(url)) for url in bodies)
            for url, offset in zip(bodies, write_shard(file, files), strict=True):
                self._entries[url] |= {"tar": f"{_TARS}/{name}.tar", "tar_offset": offset}
            file.flush()
            if bodies:
                cache.upload(f"{_TARS}/{name}.tar", Path(file.name))
        with tempfile.NamedTemporaryFile() as file:
            page = [{"url": url} | self._entries[url] for url in urls]
            pq.write_table(pa.Table.from_pylist(page, _PAGE), file)
            file.flush()
            cache.upload(f"{LEDGER}/{name}.parquet", Path(file.name))


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
