"""The manifest of a version, its facts, and the names of versions."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dustjacket.errors import CorruptVersionError

MANIFEST, REFERENCE = "manifest.json", "reference.json"
ERASED_ROWS = "erased"
"""The number of a version's rows that were erased on request after it was published."""
FORMAT: Literal[2] = 2
"""The format that is written; this one and the previous one can be read:

1. facts under the names of ``_RENAMED_FACTS``; no ``modules``, no ``fingerprints``.
2. the current format.
"""
_RENAMED_FACTS = {
    "covers": {"content": "content_hash"},
    "genre_classifier": {"in_use": "champion"},
}
_NAME = re.compile(r"(\d{8}T\d{12})Z-.*")
_TIME = "%Y%m%dT%H%M%S%f"


class FileEntry(BaseModel):
    """One file of a version: its path below the attempt's prefix, size in bytes and SHA-256."""

    path: str
    size: int = Field(ge=0)
    sha256: str

    @classmethod
    def of(cls, path: str, body: bytes) -> Self:
        """Return the entry of a file's content."""
        return cls(path=path, size=len(body), sha256=hashlib.sha256(body).hexdigest())

    @field_validator("path")
    @classmethod
    def _inside(cls, path: str) -> str:
        if "\0" in path or not {"", ".", ".."}.isdisjoint(path.split("/")):
            raise ValueError("is no path below the version's folder")
        return path


class Manifest(BaseModel):
    """Description of a published version: its files and its provenance; written last.

    Attributes:
        rows: numbers of rows, by outcome.
        schema_: column types of the published table, by column.
        parents: input versions, by kind.
        code: digest of the code that made it; ``modules`` has a digest for each module.
        fingerprints: digests of the content of the source, and of files that parameters name.
        facts: figures of the step; read them with the kind's subclass of :class:`Facts`.
    """

    model_config = ConfigDict(frozen=True)

    format: Literal[2] = 2
    kind: str
    version: str
    attempt: str
    published_at: datetime
    files: list[FileEntry]
    rows: dict[str, int] = Field(default_factory=dict)
    schema_: dict[str, str] = Field(default_factory=dict, alias="schema")
    source: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    code: str = ""
    modules: dict[str, str] = Field(default_factory=dict)
    fingerprints: dict[str, str] = Field(default_factory=dict)
    parents: dict[str, str] = Field(default_factory=dict)
    dag_run_id: str | None = None
    facts: dict[str, Any] = Field(default_factory=dict)

    @field_validator("kind", "version", "attempt")
    @classmethod
    def _is_name(cls, name: str) -> str:
        if name in ("", ".", "..") or not {"/", "\0"}.isdisjoint(name):
            raise ValueError("is no name of a folder")
        return name

    def __hash__(self) -> int:
        """Hash the attempt, so that what is read of a version can be cached until its erasure."""
        return hash(self.prefix)

    @property
    def prefix(self) -> str:
        """Key prefix of the winning attempt's files, ending in a slash."""
        return f"{self.kind}/{self.version}/{self.attempt}/"

    def content(self, prefix: str) -> str:
        """Return a digest (12 hexadecimal digits) of the files below ``prefix``."""
        return digest_of(
            {entry.path: entry.sha256 for entry in self.files if entry.path.startswith(prefix)}
        )


class Reference(BaseModel):
    """A name that stands for an earlier version of the same kind, which is in use again.

    Stored instead of a manifest, under a key of its own: releases that do not know it ignore it.

    Attributes:
        stands_for: the earlier version; it has a manifest.
    """

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    kind: str
    version: str
    attempt: str
    published_at: datetime
    stands_for: str
    dag_run_id: str | None = None


class Facts(BaseModel):
    """Base of each kind's facts; they are validated when written and when read."""

    # Most processes import the facts of every step, and read those of one.
    model_config = ConfigDict(frozen=True, allow_inf_nan=False, defer_build=True)

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """Return a manifest's facts.

        Raises:
            CorruptVersionError: a fact is missing or invalid.
        """
        try:
            return cls.model_validate(manifest.facts)
        except ValidationError as error:
            raise CorruptVersionError(
                f"{manifest.kind}/{manifest.version}: fact {_first(error)}; "
                + remake(f"{manifest.kind}/{manifest.version}")
            ) from None

    def outcome(self, parameters: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Return the result in a few words, for names of runs and lists; empty: there is none.

        Args:
            parameters: those of the manifest.
        """
        return ""

    def details(self, parameters: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Return what a person wants to know beyond the outcome, as Markdown; may be empty."""
        return ""

    def to_json(self) -> dict[str, Any]:
        """Return the facts as JSON values, as a manifest stores them."""
        return self.model_dump(mode="json")


def reasons_list(by_reason: Mapping[str, int]) -> str:
    """Return the reasons for which rows were rejected as a Markdown list, most frequent first."""
    ranked = sorted(by_reason.items(), key=lambda each: -each[1])
    return "\n".join(f"- rejected, {reason}: {count:,}" for reason, count in ranked if count)


def parse_manifest(text: bytes, name: str) -> Manifest:
    """Parse a manifest in the current format or the previous one.

    Args:
        name: ``<kind>/<version>``, for the error message.

    Raises:
        CorruptVersionError: the text is no manifest, or has a format unknown to this release.
    """
    try:
        values = json.loads(text)
        written = values.get("format")
    except (ValueError, AttributeError, RecursionError):
        raise CorruptVersionError(f"{name} has no manifest in JSON: {remake(name)}") from None
    check_format(f"the manifest of {name}", written, (1, FORMAT))
    try:
        return Manifest.model_validate(_upgraded(values) if written == 1 else values)
    except ValidationError as error:
        raise CorruptVersionError(f"{name}: manifest's {_first(error)}; {remake(name)}") from None


def remake(name: str) -> str:
    """Return the cure for a damaged version ``<kind>/<version>``, to end an error message."""
    return (
        f"restore it, or delete {name}/{MANIFEST} and run the step that makes "
        f"{name.partition('/')[0]}"
    )


def parse_reference(text: bytes, name: str) -> Reference:
    """Parse a reference.

    Args:
        name: ``<kind>/<version>``, for the error message.

    Raises:
        CorruptVersionError: the text is no reference, or has a format unknown to this release.
    """
    try:
        values = json.loads(text)
        check_format(f"the reference {name}", values.get("format"), (1,))
        return Reference.model_validate(values)
    except (ValueError, AttributeError, RecursionError):  # a ValidationError too
        raise CorruptVersionError(f"{name} has no valid reference: delete it") from None


def check_format(name: str, written: object, readable: tuple[int, ...]) -> None:
    """Check that this release reads the format that a file was written in.

    Raises:
        CorruptVersionError: it does not; the message has the cure.
    """
    if written not in readable:
        raise CorruptVersionError(
            f"{name} has format {written!r}, and this release reads "
            f"{' and '.join(map(str, readable))}: install the release that wrote it, or a later one"
        )


def _upgraded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a manifest of format 1 to the current format."""
    renamed, facts = _RENAMED_FACTS.get(str(values.get("kind")), {}), values.get("facts", {})
    if isinstance(facts, dict):
        facts = {renamed.get(name, name): value for name, value in facts.items()}
    return {**values, "format": FORMAT, "facts": facts}


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def version_name(run_after: datetime, digest: str) -> str:
    """Return ``<run_after>-<digest>``; names sort by time."""
    return f"{run_after.astimezone(UTC):{_TIME}}Z-{digest}"


def time_after(run_after: datetime, newest: str | None) -> datetime:
    """Return ``run_after``, or a moment after the time in the name of the version ``newest``.

    So a later version never sorts below an earlier one, whatever the clock.
    """
    named = _NAME.fullmatch(newest or "")
    if named is None:
        return run_after
    taken = datetime.strptime(named[1], _TIME).replace(tzinfo=UTC)
    return max(run_after, taken + timedelta(microseconds=1))


def digest_of(identity: dict[str, Any]) -> str:
    """Return a digest (12 hexadecimal digits) of ``identity``, independent of the order of keys."""
    text = json.dumps(identity, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
