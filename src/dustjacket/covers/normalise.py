"""One Spark task: get, check and normalise the images of one shard, and write the shard."""

import hashlib
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark import Accumulator

from dustjacket.covers.check import Cover, check_cover
from dustjacket.covers.fetch import CoverRow, Downloads, fetch_bodies, read_bodies
from dustjacket.covers.prefetch import bounded_map
from dustjacket.covers.s3_prefix import S3Prefix
from dustjacket.covers.shards import DiskBuffer, write_shard
from dustjacket.covers.step import CoversParameters
from dustjacket.splits import book_group, split_of
from dustjacket.web.client import FetchLimits, WebClient
from dustjacket.web.host_budget import HostBudget

_SOURCE_SCHEMA = pa.schema(
    [
        ("position", pa.int64()),
        ("source_file", pa.string()),
        ("raw", pa.string()),
        ("title", pa.string()),
        ("author", pa.string()),
        ("category", pa.string()),
        ("image", pa.string()),
        ("url", pa.string()),
    ]
)
_COVER_SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("shard", pa.string()),
        ("offset", pa.int64()),
        ("size", pa.int64()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("sha256", pa.string()),
        ("dhash", pa.string()),
        ("vhash", pa.string()),
        ("original_width", pa.int32()),
        ("original_height", pa.int32()),
        ("original_bytes", pa.int64()),
        ("original_sha256", pa.string()),
        ("book", pa.string()),
        ("book_split", pa.string()),
    ]
)
NORMALISED_SCHEMA = pa.schema([*_SOURCE_SCHEMA, ("reason", pa.string()), *_COVER_SCHEMA])
"""A row of the source, with either the reason to reject it, or its cover and place in a shard.

``book`` and ``book_split`` depend on title and author alone, see :mod:`dustjacket.splits`.
"""
_CHECK_THREADS, _CHECK_AHEAD = 2, 8
"""Pillow releases the GIL, so the last shard of a run uses two cores."""
_SIDECAR_COLUMNS = (
    "key", "title", "author", "category", "position", "source_file", "image", "url", "width",
    "height", "sha256", "dhash", "vhash", "original_width", "original_height", "original_bytes",
    "original_sha256", "book",
)  # fmt: skip
"""Of the JSON file beside each image; groups are not known until all shards are written."""


@dataclass(frozen=True)
class ShardTask:
    """What a task needs; it is pickled and sent to Spark's workers.

    Attributes:
        source, out, cache: where images are read, shards are written and downloads are cached.
        private: whether private addresses may be fetched.
        connections_per_host: of this task.
        run: identifies the run, whose tasks share one host budget in each process.
        done: counts the finished rows.
    """

    source: S3Prefix
    out: S3Prefix
    cache: S3Prefix
    parameters: CoversParameters
    private: bool
    connections_per_host: int
    run: str
    done: Accumulator[int]

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Write ``shards/<chunk>.tar`` from a partition, whose rows have the same ``chunk``."""
        rows = [row for batch in batches for row in batch.to_pylist()]
        if rows:
            rows.sort(key=lambda row: row["position"])
            results = self.normalise_images(rows, f"shards/{rows[0]['chunk']:05d}.tar")
            yield pa.RecordBatch.from_pylist(results, schema=NORMALISED_SCHEMA)

    def normalise_images(self, rows: Sequence[CoverRow], shard: str) -> list[dict[str, Any]]:
        """Write ``shard`` and return ``rows`` in ``NORMALISED_SCHEMA``.

        Idempotent: the same images give the same shard, so Spark may repeat the task.
        """
        results = {
            row["position"]: {name: row[name] for name in _SOURCE_SCHEMA.names} for row in rows
        }
        with DiskBuffer() as covers, DiskBuffer() as originals:
            downloads = Downloads(originals)
            bodies = self._bodies(rows, downloads)
            for (same_image, body), cover in bounded_map(
                self._check, bodies, _CHECK_THREADS, _CHECK_AHEAD
            ):
                if isinstance(body, bytes):
                    if url := same_image[0]["url"]:
                        downloads.add_original(url, body, cover if isinstance(cover, str) else None)
                    original = {
                        "original_bytes": len(body),
                        "original_sha256": hashlib.sha256(body).hexdigest(),
                    }
                for row in same_image:
                    result = results[row["position"]]
                    if isinstance(cover, str):
                        result["reason"] = cover
                        continue
                    key = f"{row['position']:08d}"
                    covers.add(key, cover.body)
                    result |= original | _columns_of(cover) | {"key": key, "shard": shard}
                    result["book"] = book_group(row["title"], row["author"])
                    result["book_split"] = split_of(result["book"])
                self.done.add(len(same_image))
            downloads.write(self.cache)
            self._write([result for result in results.values() if "key" in result], covers, shard)
        return list(results.values())

    def _check(self, item: tuple[Sequence[CoverRow], bytes | str]) -> Cover | str:
        _, body = item
        return body if isinstance(body, str) else check_cover(body, self.parameters)

    def _bodies(
        self, rows: Sequence[CoverRow], downloads: Downloads
    ) -> Iterator[tuple[Sequence[CoverRow], bytes | str]]:
        """Yield each body, or the reason of the failure, with the rows that share it."""
        with_file = [row for row in rows if row["file"]]
        for row, body in read_bodies(with_file, self.source, self.parameters.max_bytes):
            yield [row], body
        by_url = defaultdict(list)
        for row in rows:
            if row["url"]:
                by_url[row["url"]].append(row)
        first_rows = [url_rows[0] for url_rows in by_url.values()]
        for url, body in fetch_bodies(first_rows, self.cache, self._web_client, downloads):
            yield by_url[url], body

    def _web_client(self) -> WebClient:
        limits = FetchLimits(
            max_bytes=self.parameters.max_bytes,
            deadline_s=self.parameters.image_deadline_s,
            connections=2 * self.connections_per_host + 16,
            connections_per_host=self.connections_per_host,
            host_budget_s=self.parameters.host_patience_s,
        )
        host_budget = _host_budget(self.run, limits)
        return WebClient(limits, private=self.private, host_budget=host_budget)

    def _write(self, results: Sequence[dict[str, Any]], covers: DiskBuffer, shard: str) -> None:
        """Write each cover and its JSON file to the shard; add ``offset`` to ``results``."""
        extension = {"jpeg": "jpg", "webp": "webp"}[self.parameters.image_format]

        def files() -> Iterator[tuple[str, bytes]]:
            for result in results:
                key = result["key"]
                sidecar = {name: result.get(name) for name in _SIDECAR_COLUMNS}
                yield f"{key}.{extension}", covers.read(key)
                yield f"{key}.json", json.dumps(sidecar, ensure_ascii=False).encode()

        if not results:
            return
        with tempfile.NamedTemporaryFile() as file:
            offsets = list(write_shard(file, files()))
            for result, offset in zip(results, offsets[::2], strict=True):
                result["offset"] = offset
            file.flush()
            self.out.upload(shard, Path(file.name))


def _columns_of(cover: Cover) -> dict[str, Any]:
    columns = vars(cover) | {"size": len(cover.body)}
    del columns["body"]
    return columns


@lru_cache(maxsize=1)
def _host_budget(run: str, limits: FetchLimits) -> HostBudget:  # noqa: ARG001 - the cache's key
    """Return the host budget that all tasks of one run share in this process."""
    return limits.host_budget()
