"""Histories of a platform: a bucket in memory with versions that were published long ago."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from dustjacket.pipeline.leases import PREFIX as LEASES
from dustjacket.promotion.ledger import Ledger, LedgerEntry
from dustjacket.storage.manifest import MANIFEST, REFERENCE, Manifest, Reference, version_name
from dustjacket.storage.store import Store
from tests.support.bucket import Bucket, store_in_memory

BEGIN = datetime(2026, 1, 4, tzinfo=UTC)
PER_WEEK = {
    "sources": 42, "catalog": 1, "sentence_embeddings": 1, "genre_classifier": 1, "covers": 29,
    "labelled_covers": 1, "starting_clip": 102, "clip_candidate": 102, "cover_clip": 102,
    "evaluation": 1, "cover_index": 4, "generator_candidate": 60, "generator_evaluation": 1,
    "cover_generator": 60,
}  # fmt: skip
"""Megabytes that a week with new covers of the sample library adds, if all is promoted."""


class History:
    """A store whose objects have the ages of a history; a week passes when told to."""

    def __init__(self) -> None:
        self.store: Store = store_in_memory()
        self.bucket = cast("Bucket", self.store.client)
        self.now = BEGIN
        self.bucket.clock = lambda: self.now
        self._number = 0

    def wait(self, **time: float) -> None:
        list(self.store.keys(""))  # stamps what is new
        self.now += timedelta(**time)

    def name(self) -> str:
        self._number += 1
        moment = self.now + timedelta(microseconds=self._number)
        return version_name(moment, f"{self._number:012x}")

    def put(self, key: str, size: int = 1) -> None:
        self.bucket.objects[key] = bytes(size)

    def publish(
        self, kind: str, parents: dict[str, str] | None = None, size: int = 1, **fields: Any
    ) -> str:
        """Publish a version with one file; its content is not that of its digest."""
        version = self.name()
        entry = {"path": "data", "size": size, "sha256": "0"}
        manifest = Manifest.model_validate(
            {
                "kind": kind, "version": version, "attempt": "attempt-1", "files": [entry],
                "published_at": self.now, "parents": parents or {}, **fields,
            }
        )  # fmt: skip
        self.put(f"{manifest.prefix}data", size)
        body = manifest.model_dump_json(by_alias=True).encode()
        self.bucket.objects[f"{kind}/{version}/{MANIFEST}"] = body
        return version

    def refer(self, kind: str, stands_for: str) -> str:
        version = self.name()
        reference = Reference(
            kind=kind, version=version, attempt="a", published_at=self.now, stands_for=stands_for
        )
        self.bucket.objects[f"{kind}/{version}/{REFERENCE}"] = reference.model_dump_json().encode()
        return version

    def decide(self, candidate: str, evaluation: str, to: str | None, family: str = "clip") -> None:
        kinds = {"clip": ("clip_candidate", "cover_clip")}
        kind, champion = kinds.get(family, ("generator_candidate", "cover_generator"))
        entry = LedgerEntry(
            action="promoted" if to else "refused", verdict="v", who="w", why="y", from_=None,
            to=f"{champion}/{to}" if to else None, model=f"{kind}/{candidate}",
            evaluation=evaluation,
        )  # fmt: skip
        ledger = Ledger(self.store)
        assert ledger.append(entry, ledger.records(), self.now)

    def lease(self, inputs: dict[str, str], digest: str = "d") -> None:
        content = {
            "attempt": "a", "at": self.now.isoformat(), "step": "s", "inputs": inputs,
            "version": "v", "digest": digest,
        }  # fmt: skip
        self.bucket.objects[f"{LEASES}s-{self._number}.json"] = json.dumps(content).encode()

    def week(self, sizes: dict[str, int] = PER_WEEK, *, promoted: bool = True) -> None:
        """Do all of a week's work on new sources."""

        def add(kind: str, *parents: str, **fields: Any) -> None:
            inputs = {parent: made[parent] for parent in parents}
            made[kind] = self.publish(kind, inputs, sizes[kind], **fields)

        made: dict[str, str] = {}
        self.put(f"sources/{self._number:016x}/file", sizes["sources"])
        add("catalog")
        add("sentence_embeddings", "catalog")
        add("genre_classifier", "catalog")
        add("covers")
        add("labelled_covers", "covers", "genre_classifier")
        add("starting_clip")
        for family, data in (("clip", "labelled_covers"), ("generator", "labelled_covers")):
            candidate, champion = f"{family}_candidate", f"cover_{family}"
            evaluation = "evaluation" if family == "clip" else "generator_evaluation"
            origin = {"starting_clip": made["starting_clip"]} if family == "clip" else {}
            add(candidate, data, facts=origin)
            add(evaluation, candidate, data)
            if promoted:
                add(champion, candidate, data, facts=origin)
            to = made[champion] if promoted else None
            self.decide(made[candidate], made[evaluation], to, family)
        if promoted:
            add("cover_index", "covers", "cover_clip")
        self.wait(days=7)

    @property
    def size(self) -> int:
        """Bytes of all objects but manifests, of which a history's are larger than its files."""
        heads = (MANIFEST, REFERENCE)
        return sum(
            len(body)
            for key, body in self.bucket.objects.items()
            if not key.endswith(heads) and not key.startswith("ledger/")
        )

    def whole(self) -> set[tuple[str, str]]:
        """Return the versions that a reader takes; assert that each has all its files."""
        found = set()
        for key in list(self.bucket.objects):
            kind, _, rest = key.partition("/")
            if key.endswith(f"/{MANIFEST}"):
                manifest = self.store.manifest(kind, rest.partition("/")[0])
                missing = [f for f in manifest.files if manifest.prefix + f.path not in self.keys]
                assert not missing, f"{key} lists files that are gone"
                found.add((kind, manifest.version))
        return found

    @property
    def keys(self) -> set[str]:
        return set(self.bucket.objects)
