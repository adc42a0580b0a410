"""The manifest of a version, and the names of versions."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MANIFEST = "manifest.json"


class FileEntry(BaseModel):
    """One file of a version: its path below the attempt's prefix, size in bytes and SHA-256."""

    path: str
    size: int
    sha256: str


class Manifest(BaseModel):
    """What was published, from what, by what; written last."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
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
    parents: dict[str, str] = Field(default_factory=dict)
    dag_run_id: str | None = None
    facts: dict[str, Any] = Field(default_factory=dict, description="step's own figures")

    @property
    def prefix(self) -> str:
        """Key prefix of the winning attempt's files, ending in a slash."""
        return f"{self.kind}/{self.version}/{self.attempt}/"

    def content(self, prefix: str) -> str:
        """Return 12 hexadecimal digits that stand for the files whose path begins so."""
        return digest_of(
            {entry.path: entry.sha256 for entry in self.files if entry.path.startswith(prefix)}
        )


def version_name(run_after: datetime, digest: str) -> str:
    """Return ``<run_after>-<digest>``; names sort by time."""
    return f"{run_after.astimezone(UTC):%Y%m%dT%H%M%S%f}Z-{digest}"


def digest_of(identity: dict[str, Any]) -> str:
    """Return 12 hexadecimal digits that stand for ``identity``, whatever the order of its keys."""
    text = json.dumps(identity, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
