"""What became of the rows of a source of covers, counted."""

import hashlib
from collections import Counter
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from dustjacket.covers.find import FoundCovers
from dustjacket.covers.reasons import cure_of
from dustjacket.covers.step import CoversFacts
from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.web.failures import is_transient

INDEX_COLUMNS = (
    "key", "title", "author", "category", "shard", "offset", "size", "width", "height", "sha256",
    "dhash", "group", "split", "position", "vhash", "source_file", "image", "url",
    "original_width", "original_height", "original_bytes", "original_sha256", "isbn13", "work_id",
    "rights", "training",
)  # fmt: skip
_HASHED = ("key", "title", "author", "category", "sha256", "group")
_SPARK_TYPES = {pa.int64(): "bigint", pa.int32(): "int", pa.bool_(): "boolean"}
MAX_NAMED = 100
"""Files that the facts name as passed over."""


@dataclass(frozen=True)
class CoversResult:
    """Counts of accepted and rejected rows, and how the covers were found.

    Attributes:
        by_reason: rejected rows by reason, the most frequent first.
        content_hash: 16 hexadecimal digits, equal for the same accepted covers and groups.
        schema: of the index, Spark type by column.
        columns, passed_over, by_name, reserved: see :class:`dustjacket.covers.step.CoversFacts`.
    """

    accepted: int
    by_reason: dict[str, int]
    content_hash: str
    schema: dict[str, str]
    columns: dict[str, dict[str, str]]
    passed_over: dict[str, str]
    by_name: int
    reserved: int

    @property
    def rejected(self) -> int:
        """Rejected rows."""
        return sum(self.by_reason.values())

    @property
    def retriable(self) -> int:
        """Rejected rows whose image could not be fetched for a transient reason."""
        return sum(n for reason, n in self.by_reason.items() if is_transient(reason))

    def facts(self) -> CoversFacts:
        """Return the facts for the manifest."""
        return CoversFacts(
            read=self.accepted + self.rejected,
            accepted=self.accepted,
            rejected=self.rejected,
            rejected_by_reason=self.by_reason,
            retriable=self.retriable,
            content_hash=self.content_hash,
            columns=self.columns,
            passed_over=self.passed_over,
            by_name=self.by_name,
            reserved=self.reserved,
        )

    def summary(self) -> str:
        """Return the counts as one line."""
        read = self.accepted + self.rejected
        text = f"{self.accepted:,} of {read:,} rows are covers, {self.rejected:,} are rejected"
        if self.by_reason:
            reasons = ", ".join(f"{reason}: {n:,}" for reason, n in self.by_reason.items())
            text += f" ({reasons})"
        return text + (f"; {self.retriable:,} may succeed later" if self.retriable else "")


def result_of(decided: pa.Table, found: FoundCovers) -> CoversResult:
    """Return the result of rows on which all is decided; ``reason`` is null where accepted."""
    reasons = Counter(decided["reason"].to_pylist())
    n_accepted = reasons.pop(None, 0)
    by_reason = dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0])))
    accepted = decided.filter(pc.is_null(decided["reason"]))
    digest = hashlib.sha256()
    for row in zip(*(accepted[name].to_pylist() for name in _HASHED), strict=True):
        digest.update(repr(row).encode())
    schema = {
        field.name: _SPARK_TYPES.get(field.type, "string")
        for field in accepted.select(INDEX_COLUMNS).schema
    }
    return CoversResult(
        n_accepted,
        by_reason,
        digest.hexdigest()[:16],
        schema,
        dict(list(found.columns.items())[:MAX_NAMED]),
        dict(list(found.passed_over.items())[:MAX_NAMED]),
        found.by_name,
        n_accepted - (pc.sum(accepted["training"]).as_py() or 0),
    )


def check_rejects(address: str, result: CoversResult, max_reject_share: float) -> None:
    """Raise an error if too few rows are accepted.

    Raises:
        NotReadyError: enough rows may be accepted later, because some failures are transient.
        BadInputError: otherwise; with the cure of the most frequent reason.
    """
    max_rejected = (result.accepted + result.rejected) * max_reject_share
    if result.accepted and result.rejected <= max_rejected:
        return
    text = f"covers {address!r}: {result.summary()}"
    if result.retriable and result.rejected - result.retriable <= max_rejected:
        raise NotReadyError(f"{text}: run it again later, or raise max_reject_share")
    cure = cure_of(next(iter(result.by_reason), ""))
    more = ", or raise max_reject_share" if result.accepted else ""
    raise BadInputError(f"{text}: {cure}{more}")
