"""Follow a version to those that it was made from."""

from dustjacket.errors import CorruptVersionError, MissingVersionError, NotReadyError
from dustjacket.storage.manifest import Manifest, remake
from dustjacket.storage.store import Store

GONE = (CorruptVersionError, MissingVersionError)
"""Errors of a version that was deleted or damaged."""


def parent_of(store: Store, manifest: Manifest, kind: str) -> Manifest:
    """Return the manifest of the version of ``kind`` that another version was made from.

    Raises:
        MissingVersionError: it was deleted.
        CorruptVersionError: its manifest cannot be read, or the child does not name it.
    """
    child = f"{manifest.kind}/{manifest.version}"
    version = manifest.parents.get(kind)
    if version is None:
        raise CorruptVersionError(f"{child} names no {kind} as parent: {remake(child)}")
    try:
        return store.manifest(kind, version)
    except NotReadyError:
        raise MissingVersionError(
            f"{child} was made from {kind}/{version}, which is gone: run the step that makes "
            f"{kind}, then the one that makes {manifest.kind}"
        ) from None
