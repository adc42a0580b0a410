"""What people ask the Studio and how they vote, kept without a word of who they are.

Rows have the day and no time of it; only the name of the version they are published in tells when
that was written, which is some time later.
"""

import hashlib
import io
import logging
import random
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from dustjacket.errors import CorruptVersionError, DustjacketError, NotReadyError
from dustjacket.storage.manifest import MANIFEST, Manifest, version_name
from dustjacket.storage.s3 import status_of
from dustjacket.storage.store import Store

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

log = logging.getLogger(__name__)

KIND, FILE = "studio_feedback", "feedback.parquet"
VERSIONS = ("classifier", "clip", "index")
"""What may have answered; each is told as ``<kind>/<version>``."""
MOST = 10_000
"""Rows that are held until they are published."""
MOST_READ = 100_000
_LONGEST = 1000
_VERSION = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{12}")
_STORAGE_ERRORS = (Boto3Error, BotoCoreError, ClientError)


@dataclass(frozen=True)
class _Batch:
    """Rows on their way: under one name however often that is tried, so that none comes twice."""

    version: str
    body: bytes
    rows: int


class Feedback:
    """Votes and a sample of the queries, in memory until they are published; for many threads.

    Attributes:
        dropped: rows lost because storage was away for too long: the oldest queries, then votes.
    """

    def __init__(self, store: Store, *, days: int, share: float, seed: int | None = None) -> None:
        """Begin with nothing.

        Args:
            days: for which what is published is kept.
            share: of the queries that are kept, from 0 to 1.
            seed: of the sample.
        """
        self.dropped = 0
        self._store, self._days, self._share = store, days, share
        self._random = random.Random(seed)  # noqa: S311  # a sample, no secret
        self._votes: deque[dict[str, Any]] = deque()
        self._queries: deque[dict[str, Any]] = deque()
        self._batch: _Batch | None = None
        self._lock, self._flushing = Lock(), Lock()

    def vote(
        self,
        title: str,
        author: str | None,
        on: Literal["genre", "cover"],
        answer: str,
        vote: Literal[1, -1],
        versions: Mapping[str, str],
    ) -> None:
        """Keep a vote.

        Args:
            answer: the genre, or the key of the cover.
            versions: of ``VERSIONS``, what answered; others are not kept.
        """
        self._keep(self._votes, _row(title, author, on, answer, vote, (), versions))

    def asked(
        self,
        title: str,
        author: str | None,
        genre: str | None,
        covers: Sequence[str],
        versions: Mapping[str, str],
    ) -> None:
        """Keep a query, or not: a share of them is kept, drawn by chance.

        Args:
            genre: that the covers had to be of, if any.
            covers: keys of those that were shown, best first.
            versions: as of :meth:`vote`.
        """
        if self._random.random() < self._share:
            self._keep(self._queries, _row(title, author, "query", genre, 0, covers, versions))

    def flush(self) -> Manifest | None:
        """Publish what has come since the last flush, and delete what is older than ``days``.

        What cannot be published now is kept for the next flush.

        Returns:
            What was published; None if there was nothing, or storage is away.
        """
        published = None
        with self._flushing:
            try:
                published = self._send()
                self._batch = self._take()
                published = self._send() or published
                delete_expired(self._store, self._days)
            except _STORAGE_ERRORS as error:
                log.warning("the Studio's feedback waits for the next flush: %s", error)
        return published

    def _keep(self, rows: deque[dict[str, Any]], row: dict[str, Any]) -> None:
        with self._lock:
            rows.append(row)
            if len(self._votes) + len(self._queries) > MOST:
                (self._queries or self._votes).popleft()
                self.dropped += 1

    def _take(self) -> _Batch | None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        with self._lock:
            rows = [*self._queries, *self._votes]
            self._queries.clear()
            self._votes.clear()
        if not rows:
            return None
        table = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, schema=_schema()), table)
        body = table.getvalue()
        digest = hashlib.sha256(body).hexdigest()[:12]
        return _Batch(version_name(datetime.now(UTC), digest), body, len(rows))

    def _send(self) -> Manifest | None:
        if self._batch is None:
            return None
        draft = self._store.draft(KIND, self._batch.version)
        draft.put(FILE, self._batch.body)
        # Where an earlier try was published and its reply lost, it is the one in force.
        manifest, _ = draft.publish(
            rows={"rows": self._batch.rows},
            schema={field.name: str(field.type) for field in _schema()},
        )
        self._batch = None
        return manifest


def _row(
    title: str,
    author: str | None,
    on: str,
    answer: str | None,
    vote: int,
    covers: Sequence[str],
    versions: Mapping[str, str],
) -> dict[str, Any]:
    return {
        "day": datetime.now(UTC).date(),
        "title": _plain(title),
        "author": _plain(author),
        "on": on,
        "answer": _plain(answer),
        "vote": vote,
        "covers": list(covers),
        **{name: versions.get(name) for name in VERSIONS},
    }


def _plain(text: str | None) -> str | None:
    """Return a text that can be written, whatever was sent."""
    return text and text[:_LONGEST].encode("utf-8", "replace").decode()


def _schema() -> "pa.Schema":
    import pyarrow as pa

    text = pa.string()
    return pa.schema(
        {
            "day": pa.date32(), "title": text, "author": text, "on": text, "answer": text,
            "vote": pa.int8(), "covers": pa.list_(text), **dict.fromkeys(VERSIONS, text),
        }
    )  # fmt: skip


def read_feedback(store: Store, days: int) -> tuple["pd.DataFrame", list[str]]:
    """Return what was published in the last ``days``, and the versions it is from, oldest first.

    Columns: day, title, author, on (query, genre or cover), answer (the genre or the cover's key;
    of a query the genre asked for), vote (1 or -1; 0 of a query), covers (keys that a query
    showed), and ``VERSIONS``. Versions that cannot be read are left out, and so are the oldest
    beyond ``MOST_READ`` rows.
    """
    import pyarrow as pa

    tables: list[pa.Table] = []
    versions: list[str] = []
    for version in reversed(store.versions(KIND)):
        if version < _oldest(days):
            break
        try:
            table = _read(store, version)
        except (DustjacketError, ValueError, OSError, pa.ArrowException) as error:
            log.warning("%s/%s is left out: %s", KIND, version, error)
            continue
        if sum(map(len, tables)) + len(table) > MOST_READ:
            log.warning("%s/%s and what is older are left out: too many rows", KIND, version)
            break
        tables.append(table)
        versions.append(version)
    found = pa.concat_tables([_schema().empty_table(), *reversed(tables)])
    return found.to_pandas(), versions[::-1]


def _read(store: Store, version: str) -> "pa.Table":
    import pyarrow.parquet as pq

    if not _VERSION.fullmatch(version):
        raise CorruptVersionError("its name is that of no version")
    manifest = store.manifest(KIND, version)
    try:
        body = store.read(manifest, FILE)
    except ClientError as error:
        if status_of(error) != 404:
            raise
        raise NotReadyError("its file is gone") from None
    table = pq.read_table(io.BytesIO(body))
    if not table.schema.equals(_schema()):
        raise CorruptVersionError("its columns are others")
    return table


def delete_expired(store: Store, days: int) -> None:
    """Delete what was written more than ``days`` ago, published or not.

    Manifests go first, so that no reader sees half a version.
    """
    oldest = f"{KIND}/{_oldest(days)}"
    keys = [
        key
        for key, _ in takewhile(lambda found: found[0] < oldest, store.keys(f"{KIND}/"))
        if _VERSION.fullmatch(key.split("/")[1])
    ]
    for key in sorted(keys, key=lambda key: not key.endswith(f"/{MANIFEST}")):
        store.client.delete_object(Bucket=store.bucket, Key=key)


def _oldest(days: int) -> str:
    return version_name(datetime.now(UTC) - timedelta(days=days), "")
