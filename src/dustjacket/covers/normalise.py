"""One task: get, check and normalise the images of one shard, and write the shard."""

import hashlib
import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from dustjacket.covers.check import Cover, check_cover
from dustjacket.covers.fetch import CoverRow, Downloads, fetch_bodies, read_bodies
from dustjacket.covers.prefetch import bounded_map
from dustjacket.covers.s3_prefix import S3Prefix
from dustjacket.covers.shards import DiskBuffer, write_shard
from dustjacket.covers.step import CoversParameters
from dustjacket.records.erased import ERASED, NOTHING, Erased

if TYPE_CHECKING:
    from dustjacket.web.client import FetchLimits, WebClient
    from dustjacket.web.host_budget import HostBudget

NORMALISED_SCHEMA = pa.schema(
    [
        ("position", pa.int64()),
        ("reason", pa.string()),
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
    ]
)
"""The reason to reject a row of the source, or its cover and place in a shard."""
_CHECK_THREADS, _CHECK_AHEAD = 2, 8
"""Pillow releases the GIL, so the last shard of a run uses two cores."""
_SIDECAR_COLUMNS = (
    "key", "title", "author", "category", "isbn13", "work_id", "training", "position",
    "source_file", "image", "url", "width", "height", "sha256", "dhash", "vhash", "original_width",
    "original_height", "original_bytes", "original_sha256", "book",
)  # fmt: skip
"""Of the JSON file beside each image; groups are not known until all shards are written."""
_FILES_PER_COVER = 3


@dataclass(frozen=True)
class ShardTask:
    """What a task needs; it may be pickled and sent to Spark's workers.

    Attributes:
        source, packs, out, cache: where images are read, or are in packs; where shards are written,
            and downloads are cached.
        private: whether private addresses may be fetched.
        connections_per_host: of this task.
        run: identifies the run, whose tasks share one host budget in each process.
        done: is called with numbers of finished rows.
        threads: that check images.
        erased: images that no source brings back.
    """

    source: S3Prefix
    packs: S3Prefix
    out: S3Prefix
    cache: S3Prefix
    parameters: CoversParameters
    private: bool
    connections_per_host: int
    run: str
    done: Callable[[int], None]
    threads: int = _CHECK_THREADS
    erased: Erased = NOTHING

    def __call__(self, chunk: pa.Table) -> pa.Table:
        """Write the shard of a chunk, and return its rows in ``NORMALISED_SCHEMA``.

        Args:
            chunk: rows of ``find.find_covers`` with the columns of the ledger and with ``chunk``,
                the shard's number, which is the same in all of them.
        """
        rows = chunk.to_pylist()
        results = self.normalise_images(rows, f"shards/{rows[0]['chunk']:05d}.tar")
        return pa.Table.from_pylist(results, schema=NORMALISED_SCHEMA)

    def normalise_images(self, rows: Sequence[CoverRow], shard: str) -> list[dict[str, Any]]:
        """Write ``shard`` and return the columns of ``NORMALISED_SCHEMA`` of ``rows``.

        Idempotent: the same images give the same shard, so Spark may repeat the task.
        """
        results: dict[int, dict[str, Any]] = {
            row["position"]: {"position": row["position"]} for row in rows
        }
        with DiskBuffer() as covers, DiskBuffer() as originals:
            downloads = Downloads(originals)
            bodies = self._bodies(rows, downloads)
            for (same_image, body), cover in bounded_map(
                self._check, bodies, self.threads, _CHECK_AHEAD
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
                self.done(len(same_image))
            downloads.write(self.cache)
            self._write(rows, results, covers, shard)
        return list(results.values())

    def _check(self, item: tuple[Sequence[CoverRow], bytes | str]) -> Cover | str:
        _, body = item
        if isinstance(body, str):
            return body
        cover = check_cover(body, self.parameters)
        is_erased = isinstance(cover, Cover) and self.erased.has("image", cover.sha256)
        return ERASED if is_erased else cover

    def _bodies(
        self, rows: Sequence[CoverRow], downloads: Downloads
    ) -> Iterator[tuple[Sequence[CoverRow], bytes | str]]:
        """Yield each body, or the reason of the failure, with the rows that share it."""
        with_file = [row for row in rows if row["file"]]
        for row, body in read_bodies(with_file, self.source, self.packs, self.parameters.max_bytes):
            yield [row], body
        by_url = defaultdict(list)
        for row in rows:
            if row["url"]:
                by_url[row["url"]].append(row)
        first_rows = [url_rows[0] for url_rows in by_url.values()]
        for url, body in fetch_bodies(first_rows, self.cache, self._web_client, downloads):
            yield by_url[url], body

    def _web_client(self) -> "WebClient":
        from dustjacket.web.client import FetchLimits, WebClient

        limits = FetchLimits(
            max_bytes=self.parameters.max_bytes,
            deadline_s=self.parameters.image_deadline_s,
            connections=2 * self.connections_per_host + 16,
            connections_per_host=self.connections_per_host,
            host_budget_s=self.parameters.host_patience_s,
        )
        host_budget = _host_budget(self.run, limits)
        return WebClient(limits, private=self.private, host_budget=host_budget)

    def _write(
        self,
        rows: Sequence[CoverRow],
        results: Mapping[int, dict[str, Any]],
        covers: DiskBuffer,
        shard: str,
    ) -> None:
        """Write image, caption and JSON file of each cover; add ``offset`` to its result."""
        extension = {"jpeg": "jpg", "webp": "webp"}[self.parameters.image_format]
        accepted = [row for row in rows if "key" in results[row["position"]]]

        def files() -> Iterator[tuple[str, bytes]]:
            for row in accepted:
                described = {**row, **results[row["position"]], "book": row["strict"]}
                key = described["key"]
                sidecar = {name: described.get(name) for name in _SIDECAR_COLUMNS}
                yield f"{key}.{extension}", covers.read(key)
                yield f"{key}.txt", caption(row["title"], row["author"]).encode()
                yield f"{key}.json", json.dumps(sidecar, ensure_ascii=False).encode()

        if not accepted:
            return
        with tempfile.NamedTemporaryFile() as file:
            offsets = list(write_shard(file, files()))
            for row, offset in zip(accepted, offsets[::_FILES_PER_COVER], strict=True):
                results[row["position"]]["offset"] = offset
            file.flush()
            self.out.upload(shard, Path(file.name))


def caption(title: str, author: str | None) -> str:
    """Return the text of a cover as open_clip and clip-retrieval read it.

    >>> caption("Emma", "Jane Austen")
    'Emma by Jane Austen'
    """
    return f"{title} by {author}" if author else title


def _columns_of(cover: Cover) -> dict[str, Any]:
    columns = vars(cover) | {"size": len(cover.body)}
    del columns["body"]
    return columns


@lru_cache(maxsize=1)
def _host_budget(run: str, limits: "FetchLimits") -> "HostBudget":  # noqa: ARG001 - the cache's key
    """Return the host budget that all tasks of one run share in this process."""
    return limits.host_budget()
