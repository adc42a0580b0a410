"""Erase on request: remove a book, a cover or a person's books from all that is stored.

Backups, and the weights of models that were trained on it, are left as they are: backups expire,
and the models' steps have new work from then on.
"""

import io
import shutil
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.identity.persons import persons
from dustjacket.labelling.decisions import PREFIX as CORRECTIONS
from dustjacket.labelling.decisions import StoredDecision, decisions_in
from dustjacket.pipeline.families import FAMILIES
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.leases import leases
from dustjacket.records.erased import Erased, What, bury, erased_key, read_erased
from dustjacket.records.isbn import isbn13_of
from dustjacket.sources.files import is_web
from dustjacket.splits import strict_key
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.objects import delete_keys
from dustjacket.storage.store import Store
from dustjacket.upkeep.erasure import Erasure, delete_attempts, republish
from dustjacket.upkeep.inventory import Name, take_inventory
from dustjacket.upkeep.survey import manifests, survey
from dustjacket.upkeep.traces import Traces

_COPIES = ("sources/", "scratch/")
"""Prefixes of what the next run makes again."""
_NOTES = ("runs/", "notices/")
"""Prefixes of small texts, of which each is deleted that names what is erased."""
_SHOWN_WITH = {Kind.COVER_INDEX: Kind.COVERS, Kind.GENRE_CLASSIFIER: Kind.CATALOG}
"""Kinds that the Studio holds in memory with data of another one."""
MODELS = (
    Kind.GENRE_CLASSIFIER, *(kind for family in FAMILIES.values()
                             for kind in (family.candidate, family.champion)),
)  # fmt: skip


def request_of(text: str) -> tuple[What, str]:
    """Return what a request is about, and its value: an ISBN, the address of a cover, a person.

    Raises:
        BadInputError: it names no single one.
    """
    if isbn := isbn13_of(text):
        return "isbn", isbn
    if is_web(text):
        return "url", text
    named = persons(text)
    if len(named) != 1:
        raise BadInputError(f"{text!r} is no ISBN, no address and not one person: name one of them")
    return "author", named[0]


def forget(
    store: Store,
    text: str,
    who: str,
    report: Callable[[str], None],
    *,
    apply: bool,
    ended: Collection[str] = (),
) -> list[Name]:
    """Erase what a request names, or only list where it is; return the versions that it was in.

    May be interrupted at any moment and repeated.

    Args:
        text: an ISBN, the address of a cover, or the name of an author.
        report: called with each line of the outcome.
        apply: False changes nothing.
        ended: steps whose jobs were killed; that they are recorded as at work does not count.

    Raises:
        BadInputError: the request names nothing.
        NotReadyError: jobs are at work, which have read what is to be erased.
        CorruptVersionError: a version cannot be read.
    """
    what, value = request_of(text)
    running = [each for each in leases(store, datetime.now(UTC)) if each.step not in ended]
    if apply and running:
        first = min(running, key=lambda each: each.at)
        raise NotReadyError(
            f"{first.step}: at work since {first.at:%Y-%m-%d %H:%M} UTC, and may publish it again: "
            f"wait until it has ended; if its job was killed, add --ended {first.step}"
        )
    before = read_erased(store)
    key = before.key or (erased_key(store) if apply else b"preview")
    names = _tombstones(store, Erased(key), what, value)
    if apply:
        bury(store, names, who)
    erased = Erased(key, before.names | names)
    found = survey(store, erased)
    for (kind, version), rows in sorted(found.rows.items()):
        report(f"{'erasing' if apply else 'would erase'} {rows} rows of {kind}/{version}")
    models = sorted(_descendants(store, found.rows))
    for kind, version in models:
        if kind in MODELS:
            report(f"trained on it, and so new work: {kind}/{version}")
    if apply:
        if store.settings.mlflow_uri:
            # MLflow takes seconds to import.
            from dustjacket.upkeep.mlflow_runs import INGESTED, delete_pictures

            ingested = {(kind, name) for kind in INGESTED for name in store.versions(kind)}
            delete_pictures(store.settings, {*found.rows, *models}, ingested)
        _erase(store, Erasure(store, erased, found, Traces(found.books, [text, value])))
        report(f"{len(names)} tombstones keep it out; backups keep it until they expire")
    elif not found.rows:
        report("no published row names it; --apply keeps it out of all sources to come")
    return [*found.rows, *models]


def _tombstones(store: Store, erased: Erased, what: What, value: str) -> frozenset[str]:
    """Return the tombstones of a request: its own, and those of the books or images it names.

    An ISBN erases its book in all editions, and an address the image that is there.
    """
    own = erased.name(what, value)
    found = survey(store, replace(erased, names=frozenset([own])))
    more: Iterable[str] = ()
    if what == "isbn":
        more = (erased.name("book", strict_key(*book)) for book in found.books if book[1])
    elif what == "url":
        more = (erased.name("image", image) for image in found.images)
    return frozenset([own, *more])


def _descendants(store: Store, names: Iterable[Name]) -> set[Name]:
    """Return all versions that were made of others, directly or not."""
    origins = {name: set(stored.origins()) for name, stored in take_inventory(store).items()}
    found, left = set[Name](), set(names)
    while left:
        left = {name for name, parents in origins.items() if parents & left} - found
        found |= left
    return found


def _erase(store: Store, erasure: Erasure) -> None:
    delete_keys(store, [key for prefix in _COPIES for key, _ in store.keys(prefix)])
    _erase_notes(store, erasure)
    _clean_downloads(store, erasure)
    changed: list[Manifest] = []
    for manifest in manifests(store):
        delete_attempts(store, manifest)
        if newer := erasure.erase(manifest):
            changed.append(newer)
    for stored in take_inventory(store).values():
        # No job is at work, so an attempt is abandoned; but a promotion is no job.
        if not (stored.published_at or stored.unreadable or stored.kind in FAMILIES):
            delete_keys(store, [each.key for each in stored.objects])
    names = {(manifest.kind, manifest.version) for manifest in changed}
    for shown, origin in _SHOWN_WITH.items():
        for version in store.versions(shown):
            manifest = store.manifest(shown, version)
            if (origin, manifest.parents.get(origin, "")) in names:
                # A new manifest makes the Studio load it, and what it is shown with, again.
                republish(store, manifest, {}, manifest.facts, manifest.rows)
    for manifest in changed:
        folder = store.settings.cache / manifest.kind / manifest.version
        shutil.rmtree(folder, ignore_errors=True)


def _erase_notes(store: Store, erasure: Erasure) -> None:
    for prefix in _NOTES:
        for key, _ in list(store.keys(prefix)):
            if erasure.traces.are_in((store.get(key) or b"").decode(errors="replace")):
                store.client.delete_object(Bucket=store.bucket, Key=key)
    for key, _ in list(store.keys(CORRECTIONS)):
        if any(_is_on_erased(each, erasure) for each in decisions_in(store.get(key))):
            store.client.delete_object(Bucket=store.bucket, Key=key)


def _is_on_erased(decision: StoredDecision, erasure: Erasure) -> bool:
    isbn, title, author = decision.book
    book = title, author
    return book in erasure.found.whole or erasure.erased.has_book(*book, isbn13_of(isbn))


def _clean_downloads(store: Store, erasure: Erasure) -> None:
    """Blank the originals of erased covers in the caches of downloads, and forget their addresses.

    See :mod:`dustjacket.covers.fetch`.
    """
    urls = erasure.found.urls
    for key, _ in [item for item in store.keys("fetched/") if item[0].endswith(".parquet")]:
        table = pq.read_table(io.BytesIO(store.get(key) or b""))
        gone = pa.array([u in urls or erasure.erased.has("url", u)
                         for u in table["url"].to_pylist()], pa.bool_())  # fmt: skip
        cache = key.rpartition("/ledger/")[0]
        for row in table.filter(gone).to_pylist():
            if row["tar"] and (body := store.get(f"{cache}/{row['tar']}")):
                start, end = row["tar_offset"], row["tar_offset"] + row["tar_size"]
                blanked = body[:start] + bytes(end - start) + body[end:]
                store.client.upload_fileobj(
                    io.BytesIO(blanked), store.bucket, f"{cache}/{row['tar']}"
                )
        if pc.any(gone).as_py():
            out = io.BytesIO()
            pq.write_table(table.filter(pc.invert(gone)), out)
            store.client.upload_fileobj(io.BytesIO(out.getvalue()), store.bucket, key)
