"""A listing ingested in this process, into a folder, without a server or Spark."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from dustjacket.catalog.ingest import ingest_catalog
from dustjacket.catalog.step import INGEST_CATALOG
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.plan import Plan
from dustjacket.records.parameters import SOURCES
from dustjacket.settings import Settings
from dustjacket.sources.files import is_web
from dustjacket.sources.roots import allow
from dustjacket.storage.manifest import Manifest, version_name
from dustjacket.storage.store import Store


@dataclass(frozen=True)
class Ingested:
    """A published version of the catalogue, and its rows in their order."""

    manifest: Manifest
    books: list[dict[str, Any]]
    rejected: list[dict[str, Any]]

    @property
    def titles(self) -> list[str]:
        return [book["title"] for book in self.books]

    @property
    def reasons(self) -> list[str]:
        return [row["reason"] for row in self.rejected]

    def book(self, title: str) -> dict[str, Any]:
        [book] = [book for book in self.books if book["title"] == title]
        return book


def store_in(folder: Path, **settings: Any) -> Store:
    """Return a store in a folder."""
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    return Store(Settings(_env_file=None, home=home, folder=folder / "store", **settings))


def ingest(source: Path | str, store: Store, **parameters: Any) -> Ingested:
    """Publish the listing, whose changes since the version before are accepted."""
    if not is_web(str(source)):
        allow(str(source), store.settings)
    for name in SOURCES[1:]:
        allow(parameters.get(name, ""), store.settings)
    values = {"source": str(source), "accept_changes": True, **parameters}
    INGEST_CATALOG.parameters.model_validate(values)
    version = version_name(datetime.now(UTC), "digest")
    plan = Plan(
        step=INGEST_CATALOG.name, version=version, digest="digest", inputs={}, parameters=values,
        code="code",
    )  # fmt: skip
    job: Job[Any] = Job.of(plan, store)
    ingest_catalog(job, None)
    manifest = store.manifest("catalog", version)
    return Ingested(manifest, rows(store, manifest, "books"), rows(store, manifest, "rejected"))


def rows(store: Store, manifest: Manifest, folder: str) -> list[dict[str, Any]]:
    """Return the rows of a published table in the order of its files."""
    paths = [entry.path for entry in manifest.files if entry.path.startswith(f"{folder}/")]
    files = [io.BytesIO(store.read(manifest, path)) for path in paths]
    return [row for file in files for row in pq.read_table(file).to_pylist()]
