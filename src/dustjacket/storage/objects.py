"""All objects of a bucket with their age, which only the upkeep of the bucket needs."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from dustjacket.storage.store import Store

_DELETED_AT_ONCE = 8


@dataclass(frozen=True)
class StoredObject:
    """An object: its key, size in bytes, and the time at which it was written."""

    key: str
    size: int
    modified: datetime


def list_objects(store: Store, prefix: str = "") -> Iterator[StoredObject]:
    """Yield every object whose key begins with ``prefix``, sorted by key."""
    for page in store.client.get_paginator("list_objects_v2").paginate(
        Bucket=store.bucket, Prefix=prefix
    ):
        for entry in page.get("Contents", []):
            yield StoredObject(entry["Key"], entry["Size"], entry["LastModified"])


def delete_keys(store: Store, keys: Iterable[str]) -> None:
    """Delete objects, several at a time and in no order."""
    with ThreadPoolExecutor(_DELETED_AT_ONCE) as pool:
        for _ in pool.map(
            lambda key: store.client.delete_object(Bucket=store.bucket, Key=key), keys
        ):
            pass
