"""What a Spark task does with the rows of one shard: get each image, check it, write the shard."""

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
from dustjacket.covers.fetch import Kept, Row, fetch_bodies, read_bodies
from dustjacket.covers.prefetch import ahead
from dustjacket.covers.s3_prefix import Place
from dustjacket.covers.shards import ShardWriter, write_shard
from dustjacket.pipeline.parameters import CoversParameters
from dustjacket.splits import book_group, split_of
from dustjacket.web.client import FetchLimits, WebClient
from dustjacket.web.host_budget import HostBudget

READ = pa.schema(
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
COVER = pa.schema(
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
PACKED = pa.schema([*READ, ("reason", pa.string()), *COVER])
"""What was read, and the reason why it is no cover, or the cover and where in its shard it is.

``book`` and ``book_split`` are those of the title and author alone, see :mod:`dustjacket.splits`.
"""
_CHECKERS, _AHEAD = 2, 8
"""Threads that check: Pillow lets go of the interpreter, and a last shard uses two cores."""
_DESCRIBED = (
    "key", "title", "author", "category", "position", "source_file", "image", "url", "width",
    "height", "sha256", "dhash", "vhash", "original_width", "original_height", "original_bytes",
    "original_sha256", "book",
)  # fmt: skip
"""What the file beside an image in its shard says; groups are known only when all shards are."""


@dataclass(frozen=True)
class Packer:
    """What a task needs to know; it travels to Spark's workers.

    Attributes:
        source, out, cache: where images are, where shards go, and what was fetched is kept.
        private: whether private addresses may be fetched from.
        connections_per_host: of this task.
        run: tells this run's tasks, which share what they know of web hosts, from others'.
        done: counts the rows done with.
    """

    source: Place
    out: Place
    cache: Place
    parameters: CoversParameters
    private: bool
    connections_per_host: int
    run: str
    done: Accumulator[int]

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Pack the rows of one partition, which have one ``chunk``, into ``shards/<chunk>.tar``."""
        rows = [row for batch in batches for row in batch.to_pylist()]
        if rows:
            rows.sort(key=lambda row: row["position"])
            answers = self.pack(rows, f"shards/{rows[0]['chunk']:05d}.tar")
            yield pa.RecordBatch.from_pylist(answers, schema=PACKED)

    def pack(self, rows: Sequence[Row], shard: str) -> list[dict[str, Any]]:
        """Write ``shard`` and return what became of each of ``rows``, in the columns of ``PACKED``.

        The same images write the same shard, so a task that Spark repeats harms nothing.
        """
        answers = {row["position"]: {name: row[name] for name in READ.names} for row in rows}
        with ShardWriter() as covers, ShardWriter() as originals:
            kept = Kept(originals)
            bodies = self._bodies(rows, kept)
            for (of_body, body), found in ahead(self._checked, bodies, _CHECKERS, _AHEAD):
                if isinstance(body, bytes):
                    if url := of_body[0]["url"]:
                        kept.keep(url, body, found if isinstance(found, str) else None)
                    original = {
                        "original_bytes": len(body),
                        "original_sha256": hashlib.sha256(body).hexdigest(),
                    }
                for row in of_body:
                    answer = answers[row["position"]]
                    if isinstance(found, str):
                        answer["reason"] = found
                        continue
                    key = f"{row['position']:08d}"
                    covers.add(key, found.body)
                    answer |= original | _described(found) | {"key": key, "shard": shard}
                    answer["book"] = book_group(row["title"], row["author"])
                    answer["book_split"] = split_of(answer["book"])
                self.done.add(len(of_body))
            kept.write(self.cache)
            self._write([answer for answer in answers.values() if "key" in answer], covers, shard)
        return list(answers.values())

    def _checked(self, of_body: tuple[Sequence[Row], bytes | str]) -> Cover | str:
        _, body = of_body
        return body if isinstance(body, str) else check_cover(body, self.parameters)

    def _bodies(
        self, rows: Sequence[Row], kept: Kept
    ) -> Iterator[tuple[Sequence[Row], bytes | str]]:
        """Yield the body, or the reason why there is none, with the rows that share it."""
        for row, body in read_bodies(
            [row for row in rows if row["file"]], self.source, self.parameters.max_bytes
        ):
            yield [row], body
        by_url = defaultdict(list)
        for row in rows:
            if row["url"]:
                by_url[row["url"]].append(row)
        first = [same[0] for same in by_url.values()]
        for url, body in fetch_bodies(first, self.cache, self._web, kept):
            yield by_url[url], body

    def _web(self) -> WebClient:
        limits = FetchLimits(
            max_bytes=self.parameters.max_bytes,
            deadline_s=self.parameters.image_deadline_s,
            connections=2 * self.connections_per_host + 16,
            connections_per_host=self.connections_per_host,
            host_budget_s=self.parameters.host_patience_s,
        )
        return WebClient(limits, private=self.private, host_budget=_host_budget(self.run, limits))

    def _write(self, answers: Sequence[dict[str, Any]], covers: ShardWriter, shard: str) -> None:
        """Write the covers in order, each with a file that describes it; note where they are."""
        ending = {"jpeg": "jpg", "webp": "webp"}[self.parameters.image_format]

        def files() -> Iterator[tuple[str, bytes]]:
            for answer in answers:
                key = answer["key"]
                about = {name: answer.get(name) for name in _DESCRIBED}
                yield f"{key}.{ending}", covers.read(key)
                yield f"{key}.json", json.dumps(about, ensure_ascii=False).encode()

        if not answers:
            return
        with tempfile.NamedTemporaryFile() as packed:
            offsets = list(write_shard(packed, files()))
            for answer, offset in zip(answers, offsets[::2], strict=True):
                answer["offset"] = offset
            packed.flush()
            self.out.upload(shard, Path(packed.name))


def _described(cover: Cover) -> dict[str, Any]:
    described = vars(cover) | {"size": len(cover.body)}
    del described["body"]
    return described


@lru_cache(maxsize=1)
def _host_budget(run: str, limits: FetchLimits) -> HostBudget:  # noqa: ARG001 - the cache's key
    """Return the host budget that all tasks of one run share in this process."""
    return limits.host_budget()
