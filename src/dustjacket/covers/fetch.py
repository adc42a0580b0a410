"""Get the image bytes of one task's rows: from the source, from the cache, or from the web.

The cache keeps downloads between runs: originals as they were sent, in ``tars/`` (one tar per
task), and in ``ledger/`` (Parquet) where each URL's original is, or why the web does not have it.
A task writes its tar before its ledger file, so an original in the ledger is complete.
"""

import hashlib
import io
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from dustjacket.covers.prefetch import bounded_map
from dustjacket.covers.s3_prefix import S3Prefix
from dustjacket.covers.shards import DiskBuffer, write_shard
from dustjacket.records.erased import ERASED
from dustjacket.web.failures import is_transient

if TYPE_CHECKING:
    from dustjacket.web.client import WebClient

LEDGER = "ledger"
_TARS = "tars"
_LEDGER_SCHEMA = pa.schema(
    [
        ("url", pa.string()),
        ("known_reason", pa.string()),
        ("tar", pa.string()),
        ("tar_offset", pa.int64()),
        ("tar_size", pa.int64()),
        ("tar_sha256", pa.string()),
    ]
)
_READ_THREADS, _READ_AHEAD = 4, 16
_MAX_GAP, _MAX_RANGE = 256 << 10, 64 << 20
"""Bytes: originals of a tar with no larger gap between them are read in one range request."""
_MAX_CACHE = 20 << 30
"""Bytes of originals that are kept for the next run."""
_MAX_CACHED = 2 << 30
"""Bytes of originals that one task caches; the next run fetches the others again."""
_NOT_CACHED = ("not_an_image", "truncated", "empty_file", ERASED)
"""Reasons for which a download is not cached: the server may send an image the next time, or the
image is not to be kept."""

CoverRow = Mapping[str, Any]
"""A row of ``find.find_covers`` with the columns of the ledger."""


def with_ledger(rows: pa.Table, cache: S3Prefix) -> pa.Table:
    """Add what the cache's ledger knows of each ``url``, in the other columns of the ledger."""
    wanted = set(rows["url"].drop_null().to_pylist())
    best: dict[str, dict[str, Any]] = {}
    for page in cache.files(LEDGER) if wanted else ():
        for entry in pq.read_table(io.BytesIO(cache.read(page)), schema=_LEDGER_SCHEMA).to_pylist():
            # Concurrent runs may have fetched the same URL: prefer an entry with an original.
            if entry["url"] in wanted and _rank(entry) < _rank(best.get(entry["url"])):
                best[entry["url"]] = entry
    known = [best.get(url, {}) for url in rows["url"].to_pylist()]
    for column in list(_LEDGER_SCHEMA)[1:]:
        values = pa.array([entry.get(column.name) for entry in known], column.type)
        rows = rows.append_column(column, values)
    return rows


def _rank(entry: Mapping[str, Any] | None) -> tuple[bool, ...] | tuple[Any, ...]:
    if entry is None:
        return (2,)
    return (entry["known_reason"] is not None, entry["tar"] or "", entry["tar_offset"] or 0)


def trim(cache: S3Prefix, used: Collection[str], max_bytes: int = _MAX_CACHE) -> None:
    """Delete originals until the cache has at most ``max_bytes``; those not ``used`` go first.

    The ledger may name them still: an original that is not there is fetched again.
    """
    sizes = cache.sizes(_TARS)
    total = sum(sizes.values())
    for tar in sorted(sizes, key=lambda tar: (tar in used, tar)):
        if total <= max_bytes:
            return
        cache.delete(tar)
        total -= sizes[tar]


def read_bodies(
    rows: Sequence[CoverRow], source: S3Prefix, packs: S3Prefix, max_bytes: int
) -> Iterator[tuple[CoverRow, bytes | str]]:
    """Yield each row with its image file from the source, or the reason of the failure.

    Of a file larger than ``max_bytes``, one byte more than that is returned.

    Args:
        packs: where the images are that other files held.
    """

    def read(row: CoverRow) -> bytes | str:
        try:
            if row["offset"] is not None:
                size = min(row["length"], max_bytes + 1)
                return packs.read(row["file"].decode(), row["offset"], size) if size else b""
            key = row["file"].decode("utf-8", "surrogateescape")
            return source.read(key, size=max_bytes + 1)
        except OSError as error:
            if isinstance(error, ConnectionError | TimeoutError):
                raise
            # The file was there when the source was listed.
            return "unreadable_image"

    yield from bounded_map(read, rows, _READ_THREADS, _READ_AHEAD)


def fetch_bodies(
    rows: Sequence[CoverRow],
    cache: S3Prefix,
    make_client: "Callable[[], WebClient]",
    downloads: "Downloads",
) -> Iterator[tuple[str, bytes | str]]:
    """Yield each URL of ``rows`` once, with its body or the reason of the failure.

    What the ledger knows is read from the cache; an original that does not match its checksum is
    fetched again. The rest is fetched from the web; permanent failures are added to ``downloads``.
    """
    urls = {row["url"]: row for row in rows}
    cached = [row for row in urls.values() if row["tar"]]
    for row, body in _cached_bodies(cached, cache):
        if hashlib.sha256(body).hexdigest() == row["tar_sha256"]:
            del urls[row["url"]]
            yield row["url"], body
    for url in [url for url, row in urls.items() if row["known_reason"]]:
        yield url, urls.pop(url)["known_reason"]
    if urls:
        from dustjacket.web.blocking import fetch_many

        for url, result in fetch_many(urls, make_client):
            if isinstance(result, str):
                downloads.add_failure(url, result)
            yield url, result


def _cached_bodies(rows: Sequence[CoverRow], cache: S3Prefix) -> Iterator[tuple[CoverRow, bytes]]:
    """Yield each row with the bytes of its range in a tar; close ranges are read together."""
    batches: list[list[CoverRow]] = []
    for row in sorted(rows, key=lambda row: (row["tar"], row["tar_offset"])):
        first, last = (batches[-1][0], batches[-1][-1]) if batches else (None, None)
        if (
            first
            and last
            and row["tar"] == last["tar"]
            and row["tar_offset"] - _end(last) <= _MAX_GAP
            and _end(row) - first["tar_offset"] <= _MAX_RANGE
        ):
            batches[-1].append(row)
        else:
            batches.append([row])
    for batch in batches:
        start = batch[0]["tar_offset"]
        try:
            body = cache.read(batch[0]["tar"], start, _end(batch[-1]) - start)
        except FileNotFoundError:
            body = b""
        for row in batch:
            yield row, body[row["tar_offset"] - start : _end(row) - start]


def _end(row: CoverRow) -> int:
    return int(row["tar_offset"] + row["tar_size"])


class Downloads:
    """Originals and permanent failures of one task, until they are written to the cache."""

    def __init__(self, originals: DiskBuffer) -> None:
        self._originals = originals
        self._entries: dict[str, dict[str, Any]] = {}

    def add_original(self, url: str, body: bytes, reason: str | None) -> None:
        """Add a download, unless it was rejected for a ``reason`` that says it is no image."""
        full = self._originals.size >= _MAX_CACHED
        if url not in self._entries and reason not in _NOT_CACHED and not full:
            self._originals.add(url, body)
            self._entries[url] = {"tar_size": len(body), "tar_sha256": _sha256(body)}

    def add_failure(self, url: str, reason: str) -> None:
        """Add a failure if it is permanent: an HTTP status, not one of our settings or limits."""
        if reason.startswith("http_") and not is_transient(reason):
            self._entries[url] = {"known_reason": reason}

    def write(self, cache: S3Prefix) -> None:
        """Write the originals, and then the ledger file that refers to them."""
        if not self._entries:
            return
        urls = sorted(self._entries)
        with_original = [url for url in urls if "tar_size" in self._entries[url]]
        name = _sha256("\n".join(urls).encode())[:32]
        with tempfile.NamedTemporaryFile() as file:
            files = (
                (_sha256(url.encode())[:32], self._originals.read(url)) for url in with_original
            )
            for url, offset in zip(with_original, write_shard(file, files), strict=True):
                self._entries[url] |= {"tar": f"{_TARS}/{name}.tar", "tar_offset": offset}
            file.flush()
            if with_original:
                cache.upload(f"{_TARS}/{name}.tar", Path(file.name))
        with tempfile.NamedTemporaryFile() as file:
            entries = [{"url": url} | self._entries[url] for url in urls]
            pq.write_table(pa.Table.from_pylist(entries, _LEDGER_SCHEMA), file)
            file.flush()
            cache.upload(f"{LEDGER}/{name}.parquet", Path(file.name))


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
