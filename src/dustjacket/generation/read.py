"""Published generators, read back."""

from pathlib import Path
from pkgutil import resolve_name
from typing import cast

from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.generation.generator import Generator
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.cache import cached
from dustjacket.storage.manifest import Manifest, remake
from dustjacket.storage.store import Store

IMPLEMENTATIONS = {"scratch": "dustjacket.generation.scratch:load"}
"""Function that reads a generator from its folder, by the fact ``implementation``."""


def manifest_in_use(store: Store) -> Manifest:
    """Return the manifest of the generator in use.

    Raises:
        NotReadyError: none is published.
    """
    manifest = store.newest(Kind.COVER_GENERATOR)
    if manifest is None:
        raise NotReadyError(
            "no cover generator has passed its evaluation yet: run `dustjacket run`, and read its "
            "report"
        )
    return manifest


def load_generator(store: Store, manifest: Manifest, cache: Path | None = None) -> Generator:
    """Return the generator of a published version: a candidate, or one that was promoted.

    Args:
        cache: folder in which its files are kept, see :func:`dustjacket.storage.cache.cached`;
            None: that of the platform.

    Raises:
        CorruptVersionError: its files have changed, or no implementation of this release reads
            them.
    """
    name = f"{manifest.kind}/{manifest.version}"
    implementation = manifest.facts.get("implementation")
    if implementation not in IMPLEMENTATIONS:
        raise CorruptVersionError(
            f"{name} needs a generator {implementation!r}, which this release lacks; {remake(name)}"
        )
    folder = cached(store, manifest, cache or store.settings.cache)
    load = resolve_name(IMPLEMENTATIONS[implementation])
    return cast("Generator", load(folder, name))
