"""The manifest of a version, its facts, and the names of versions."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dustjacket.errors import CorruptVersionError

MANIFEST = "manifest.json"
FORMAT: Literal[2] = 2
"""The format that is written. Read are this one and the one before:

1. facts under the names of ``_RENAMED_FACTS``; no ``modules``, no ``fingerprints``.
2. the present one.
"""
_RENAMED_FACTS = {
    "covers": {"content": "content_hash"},
    "genre_classifier": {"in_use": "champion"},
}


class FileEntry(BaseModel):
    """One file of a version: its path below the attempt's prefix, size in bytes and SHA-256."""

    path: str
    size: int
    sha256: str


class Manifest(BaseModel):
    """What was published, from what, by what; written last.

    Attributes:
        rows: counts of rows by what became of them.
        schema_: types of the published table's columns, by name.
        parents: versions that it was made from, by kind.
        code: digest of the code that made it; ``modules`` has a digest for each module.
        fingerprints: digests of the content of the source, and of files that parameters name.
        facts: the step's own figures; read them through the kind's :class:`Facts`.
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

    @property
    def prefix(self) -> str:
        """Key prefix of the winning attempt's files, ending in a slash."""
        return f"{self.kind}/{self.version}/{self.attempt}/"

    def content(self, prefix: str) -> str:
        """Return 12 hexadecimal digits that stand for the files whose path begins so."""
        return digest_of(
            {entry.path: entry.sha256 for entry in self.files if entry.path.startswith(prefix)}
        )


class Facts(BaseModel):
    """Base of the facts of a kind: validated when they are written and when they are read."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """Return a manifest's facts.

        Raises:
            CorruptVersionError: one is missing, or is not what it must be.
        """
        try:
            return cls.model_validate(manifest.facts)
        except ValidationError as error:
            raise CorruptVersionError(
                f"{manifest.kind}/{manifest.version}: fact {_first(error)}; publish a new version"
            ) from None

    def to_json(self) -> dict[str, Any]:
        """Return the facts as a manifest records them."""
        return self.model_dump(mode="json")


def parse_manifest(text: bytes, name: str) -> Manifest:
    """Return the manifest that JSON ``text`` holds, in the present format or the one before.

    Args:
        name: ``<kind>/<version>``, for an error's text.

    Raises:
        CorruptVersionError: it is no manifest, or of a format that this release does not read.
    """
    try:
        values = json.loads(text)
        written = values.get("format")
    except (ValueError, AttributeError):
        raise CorruptVersionError(f"{name} has no manifest in JSON: restore it") from None
    check_format(f"the manifest of {name}", written, (1, FORMAT))
    try:
        return Manifest.model_validate(_upgraded(values) if written == 1 else values)
    except ValidationError as error:
        raise CorruptVersionError(f"{name}: manifest's {_first(error)}; restore it") from None


def check_format(name: str, written: object, readable: tuple[int, ...]) -> None:
    """Check that this release reads the format that a file was written in.

    Raises:
        CorruptVersionError: it does not; the text has the cure.
    """
    if written not in readable:
        raise CorruptVersionError(
            f"{name} has format {written!r}, and this release reads "
            f"{' and '.join(map(str, readable))}: install the release that wrote it, or a later one"
        )


def _upgraded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest of format 1 in the present format."""
    renamed, facts = _RENAMED_FACTS.get(str(values.get("kind")), {}), values.get("facts")
    if isinstance(facts, dict):
        facts = {renamed.get(name, name): value for name, value in facts.items()}
    return {**values, "format": FORMAT, "facts": facts}


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def version_name(run_after: datetime, digest: str) -> str:
    """Return ``<run_after>-<digest>``; names sort by time."""
    return f"{run_after.astimezone(UTC):%Y%m%dT%H%M%S%f}Z-{digest}"


def digest_of(identity: dict[str, Any]) -> str:
    """Return 12 hexadecimal digits that stand for ``identity``, whatever the order of its keys."""
    text = json.dumps(identity, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
