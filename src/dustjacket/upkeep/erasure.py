"""Published versions without what was erased: each keeps its name, and its files are written anew.

Everything else about a version is immutable. An erasure writes its files under a new attempt, then
puts the new manifest in place of the old one, then deletes the old files; so lineage and ledger
hold, and a reader sees the version before or after it.
"""

import io
import json
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from safetensors.numpy import load, save

from dustjacket.pipeline.kinds import Kind
from dustjacket.records.erased import Erased
from dustjacket.retrieval.read import EMBEDDINGS, ROWS, VECTORS
from dustjacket.sources.encoding import decode, raw_bytes
from dustjacket.storage.manifest import ERASED_ROWS, MANIFEST, FileEntry, Manifest
from dustjacket.storage.objects import delete_keys
from dustjacket.storage.store import Store
from dustjacket.upkeep.survey import ROWS_AT_ONCE, Survey, matches
from dustjacket.upkeep.traces import Traces

_NO_REPORT = (
    b"<!doctype html><title>Erased</title><p>This report showed a book that was erased on request. "
    b"Its figures are in the manifest of this version.</p>"
)
_KEYS = ("keys", "titles")
"""Tensors that hold JSON: what the rows of the others are of."""


@dataclass(frozen=True)
class Erasure:
    """What is to be erased.

    Attributes:
        found: where tombstones match.
    """

    store: Store
    erased: Erased
    found: Survey
    traces: Traces

    def erase(self, manifest: Manifest) -> Manifest | None:
        """Return a version as it is published now, or None if it held nothing.

        Raises:
            CorruptVersionError: it cannot be read.
        """
        bodies = self._changed(manifest)
        facts = self._facts(manifest.facts)
        if not bodies and facts == manifest.facts:
            return None
        return republish(self.store, manifest, bodies, facts, self._rows(manifest))

    def _rows(self, manifest: Manifest) -> dict[str, int]:
        number = self.found.rows[manifest.kind, manifest.version]
        if not number:
            return manifest.rows
        first, *_ = [*manifest.rows, "rows"]
        left = {first: max(manifest.rows.get(first, 0) - number, 0)}
        return {**manifest.rows, **left, ERASED_ROWS: manifest.rows.get(ERASED_ROWS, 0) + number}

    def _facts(self, facts: dict[str, Any]) -> dict[str, Any]:
        found = dict(facts)
        if rows := facts.get("contradictions"):
            found["contradictions"] = [row for row in rows if not matches(row, self.erased)]
        if names := facts.get("passed_over"):
            found["passed_over"] = {n: why for n, why in names.items() if not self.traces.are_in(n)}
        return found

    def _changed(self, manifest: Manifest) -> dict[str, bytes]:
        """Return the files of a version that change."""
        bodies: dict[str, bytes] = {}
        for entry in manifest.files:
            change = self._change_of(manifest, entry.path)
            if change and (body := change(self.store.read(manifest, entry.path))) is not None:
                bodies[entry.path] = body
        if manifest.kind == Kind.COVERS and bodies:
            # Shards hold rejected duplicates too, so that only they know all that is to go.
            for entry in manifest.files:
                if entry.path.endswith(".tar"):
                    body = self._blanked(self.store.read(manifest, entry.path))
                    bodies |= {entry.path: body} if body is not None else {}
        return bodies

    def _change_of(self, manifest: Manifest, path: str) -> Callable[[bytes], bytes | None] | None:
        """Return what removes the erased rows of a file; it returns None where there are none."""
        name = PurePosixPath(path)
        if manifest.kind == Kind.COVER_INDEX and path == EMBEDDINGS:
            return partial(self._embeddings, manifest)
        if name.suffix == ".parquet":
            return partial(self._table, manifest)
        if name.suffix == ".html":
            return lambda body: _NO_REPORT if self.traces.are_in(body.decode()) else None
        if name.name in ("blind_pictures.safetensors", "near_copies.safetensors"):
            return partial(self._pictures, manifest)
        return None

    def _keys(self, manifest: Manifest) -> set[str]:
        """Return the keys of erased covers in a version, and in the covers that it was made of."""
        names = [(manifest.kind, manifest.version), *manifest.parents.items()]
        return set().union(*(self.found.keys.get(name, ()) for name in names))

    def _table(self, manifest: Manifest, body: bytes) -> bytes | None:
        table = pq.read_table(io.BytesIO(body))
        gone = self._gone(manifest, table)
        kept = table.filter(pa.array(~gone)) if gone.any() else table
        if "image_url" in kept.column_names:
            urls = kept["image_url"].to_pylist()
            left = ["" if self.erased.has("url", url) else url for url in urls]
            if left != urls:
                place = kept.schema.get_field_index("image_url")
                kept = kept.set_column(place, kept.schema.field(place), [left])
        if kept is table:
            return None
        out = io.BytesIO()
        pq.write_table(kept, out)
        return out.getvalue()

    def _gone(self, manifest: Manifest, table: pa.Table) -> np.ndarray:
        """Return (rows,) which rows of a table are erased."""
        names = set(table.column_names)
        if "raw" in names:  # rejected
            others = [name for name in ("title", "image", "url") if name in names]
            rows = table.select(["raw", *others]).to_pylist()
            return np.array([self._is_rejected_trace(row) for row in rows], bool)
        if "other_key" in names:  # pairs of near-duplicates
            keys = pa.array(sorted(self._keys(manifest)), pa.string())
            pair = (pc.is_in(table[name], keys) for name in ("key", "other_key"))
            return np.asarray(pc.or_(*pair))
        if names == {"file", "position", "sentence"}:
            origin = (Kind.CATALOG, manifest.parents.get(Kind.CATALOG, ""))
            places = self.found.places.get(origin, set())
            origins = zip(table["file"].to_pylist(), table["position"].to_pylist(), strict=True)
            return np.array([row in places for row in origins], bool)
        wanted = [n for n in ("title", "author", "isbn13", "url", "sha256", "contributors")
                  if n in names]  # fmt: skip
        batches = table.select(wanted).to_batches(ROWS_AT_ONCE)
        return np.array(
            [self.found.has(manifest.kind, row, self.erased)
             for batch in batches for row in batch.to_pylist()], bool
        )  # fmt: skip

    def _is_rejected_trace(self, row: dict[str, str | None]) -> bool:
        raw = decode(raw_bytes(row.pop("raw") or ""))
        return self.traces.are_in(" ".join([raw, *filter(None, row.values())]))

    def _embeddings(self, index: Manifest, body: bytes) -> bytes | None:
        rows = pq.read_table(io.BytesIO(self.store.read(index, ROWS)))
        kept = ~self._gone(index, rows)
        return None if kept.all() else save({VECTORS: load(body)[VECTORS][kept]})

    def _pictures(self, manifest: Manifest, body: bytes) -> bytes | None:
        """Return a file of pictures, or small versions of them, without those of erased covers."""
        tensors = load(body)
        name = next(name for name in _KEYS if name in tensors)
        rows = json.loads(tensors[name].tobytes())
        erased = {title for title, _ in self.found.books} if name == "titles" else (
            self._keys(manifest)
        )  # fmt: skip
        kept = np.array([row not in erased for row in rows], bool)
        if kept.all():
            return None
        left = {
            each: tensor[kept] if each in ("hashes", "vectors") or tensor.ndim == 4 else tensor
            for each, tensor in tensors.items()
        }
        names = [row for row, keep in zip(rows, kept, strict=True) if keep]
        return save(left | {name: np.frombuffer(json.dumps(names).encode(), np.uint8)})

    def _blanked(self, shard: bytes) -> bytes | None:
        """Return a tar shard with zeros for the files of erased covers, or None if it has none.

        Offsets stay as they are, so that the index of the others holds.
        """
        body = bytearray(shard)
        with tarfile.open(fileobj=io.BytesIO(shard)) as tar:
            members = tar.getmembers()
        erased = set()
        for member in members:
            stem, _, ending = member.name.partition(".")
            if ending == "json":
                text = shard[member.offset_data : member.offset_data + member.size]
                if text.strip(b"\0") and matches(json.loads(text), self.erased):
                    erased.add(stem)
        for member in members:
            if member.name.partition(".")[0] in erased:
                end = member.offset_data + member.size
                body[member.offset_data : end] = bytes(member.size)
        return bytes(body) if erased else None


def republish(
    store: Store,
    manifest: Manifest,
    bodies: Mapping[str, bytes],
    facts: dict[str, Any],
    rows: dict[str, int],
) -> Manifest:
    """Put a version under the same name with other content of some files; delete its old files.

    Args:
        bodies: by path; the other files are copied in the store.
    """
    draft = store.draft(manifest.kind, manifest.version)
    files = []
    for entry in manifest.files:
        if entry.path in bodies:
            draft.put(entry.path, bodies[entry.path])
            files.append(FileEntry.of(entry.path, bodies[entry.path]))
        else:
            store.client.copy_object(
                Bucket=store.bucket,
                Key=draft.prefix + entry.path,
                CopySource={"Bucket": store.bucket, "Key": manifest.prefix + entry.path},
            )
            files.append(entry)
    changed = {"attempt": draft.attempt, "files": files, "facts": facts, "rows": rows}
    newer = manifest.model_copy(update=changed)
    store.client.put_object(
        Bucket=store.bucket,
        Key=f"{manifest.kind}/{manifest.version}/{MANIFEST}",
        Body=newer.model_dump_json(by_alias=True, indent=2).encode(),
    )
    delete_attempts(store, newer)
    return newer


def delete_attempts(store: Store, manifest: Manifest) -> None:
    """Delete all files of a version but those of the attempt that is published."""
    name = f"{manifest.kind}/{manifest.version}/"
    others = [key for key, _ in store.keys(name) if not key.startswith(manifest.prefix)]
    delete_keys(store, [key for key in others if key != name + MANIFEST])
