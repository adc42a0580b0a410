"""Queries and votes of the Studio's users, stored without any data about the user.

Rows hold the day but no time of day. The name of a version contains the time at which its rows were
published, which is later.
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
"""Columns with the versions that answered, each as ``<kind>/<version>``."""
MAX_BUFFERED_ROWS = 10_000
MAX_ROWS_READ = 100_000
_MAX_TEXT = 1000
_VERSION = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{12}")
_STORAGE_ERRORS = (Boto3Error, BotoCoreError, ClientError)


@dataclass(frozen=True)
class _Batch:
    """Rows to publish. Every attempt uses the same version, so that rows are published once."""

    version: str
    body: bytes
    rows: int


class Feedback:
    """A buffer of votes and sampled queries that are published together; thread-safe.

    If storage is unavailable for too long, the oldest queries are dropped, then the oldest votes.
    """

    def __init__(self, store: Store, *, days: int, share: float, seed: int | None = None) -> None:
        """Start with an empty buffer.

        Args:
            days: age in days at which published feedback is deleted.
            share: share of the queries that is kept, from 0 to 1.
            seed: of the sample.
        """
        self._store, self._days, self._share = store, days, share
        self._random = random.Random(seed)  # noqa: S311  # a sample, not a secret
        self._votes: deque[dict[str, Any]] = deque()
        self._queries: deque[dict[str, Any]] = deque()
        self._batch: _Batch | None = None
        self._lock, self._flushing = Lock(), Lock()

    def add_vote(
        self,
        title: str,
        author: str | None,
        on: Literal["genre", "cover", "pair"],
        answer: str,
        vote: Literal[1, 0, -1],
        versions: Mapping[str, str],
        covers: Sequence[str] = (),
    ) -> None:
        """Buffer a vote.

        Args:
            answer: the genre, the key of the cover, or the generator whose picture was compared.
            vote: of a pair, 1: the drawn picture was chosen, 0: none.
            covers: of a pair, where the other picture is from.
            versions: the versions that answered, by column of ``VERSIONS``; others are ignored.
        """
        self._append(self._votes, _row(title, author, on, answer, vote, covers, versions))

    def add_query(
        self,
        title: str,
        author: str | None,
        genre: str | None,
        covers: Sequence[str],
        versions: Mapping[str, str],
    ) -> None:
        """Buffer a query if the random sample includes it.

        Args:
            genre: filter of the search, if any.
            covers: keys of the covers shown, best first.
            versions: see :meth:`add_vote`.
        """
        if self._random.random() < self._share:
            self._append(self._queries, _row(title, author, "query", genre, 0, covers, versions))

    def flush(self) -> Manifest | None:
        """Publish the buffer, and delete published feedback older than ``days``.

        Rows that cannot be published now stay buffered for the next flush.

        Returns:
            The published version; None if the buffer was empty or storage is unavailable.
        """
        published = None
        with self._flushing:
            try:
                published = self._send()
                self._batch = self._take()
                published = self._send() or published
                delete_expired(self._store, self._days)
            except _STORAGE_ERRORS as error:
                log.warning("feedback is not published now, the next flush tries again: %s", error)
        return published

    def _append(self, rows: deque[dict[str, Any]], row: dict[str, Any]) -> None:
        with self._lock:
            rows.append(row)
            if len(self._votes) + len(self._queries) > MAX_BUFFERED_ROWS:
                (self._queries or self._votes).popleft()

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
        # If an earlier attempt was published but its reply lost, that one is returned.
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
        "title": _writable(title),
        "author": _writable(author),
        "on": on,
        "answer": _writable(answer),
        "vote": vote,
        "covers": list(covers),
        **{name: versions.get(name) for name in VERSIONS},
    }


def _writable(text: str | None) -> str | None:
    """Return a text that Parquet can store: valid UTF-8, at most 1,000 characters."""
    return text and text[:_MAX_TEXT].encode("utf-8", "replace").decode()


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
    """Return the rows published in the last ``days``, and their versions, oldest first.

    Columns: day, title, author, on (query, genre, cover or pair), answer and vote (see
    :meth:`Feedback.add_vote`; for a query the genre filter, and 0), covers (keys shown for a
    query), and ``VERSIONS``. Unreadable versions are skipped, and so are the oldest beyond
    ``MAX_ROWS_READ`` rows.
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
        if sum(map(len, tables)) + len(table) > MAX_ROWS_READ:
            log.warning("%s/%s and older versions are left out: too many rows", KIND, version)
            break
        tables.append(table)
        versions.append(version)
    table = pa.concat_tables([_schema().empty_table(), *reversed(tables)])
    return table.to_pandas(), versions[::-1]


def _read(store: Store, version: str) -> "pa.Table":
    import pyarrow.parquet as pq

    if not _VERSION.fullmatch(version):
        raise CorruptVersionError("its name is not that of a version")
    manifest = store.manifest(KIND, version)
    try:
        body = store.read(manifest, FILE)
    except ClientError as error:
        if status_of(error) != 404:
            raise
        raise NotReadyError("its file is missing") from None
    table = pq.read_table(io.BytesIO(body))
    if not table.schema.equals(_schema()):
        raise CorruptVersionError("its columns are not those of feedback")
    return table


def delete_expired(store: Store, days: int) -> None:
    """Delete all files written more than ``days`` ago, published or not.

    Manifests are deleted first, so that no reader sees half a version.
    """
    oldest = f"{KIND}/{_oldest(days)}"
    keys = [
        key
        for key, _ in takewhile(lambda item: item[0] < oldest, store.keys(f"{KIND}/"))
        if _VERSION.fullmatch(key.split("/")[1])
    ]
    for key in sorted(keys, key=lambda key: not key.endswith(f"/{MANIFEST}")):
        store.client.delete_object(Bucket=store.bucket, Key=key)


def _oldest(days: int) -> str:
    return version_name(datetime.now(UTC) - timedelta(days=days), "")
