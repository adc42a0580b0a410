"""A bucket in memory, behind the real ``Store``: the few calls of S3 that it makes."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from botocore.exceptions import ClientError, EndpointConnectionError

from dustjacket.settings import Settings
from dustjacket.storage.store import Store


class Bucket:
    """Objects by key. ``failing`` is what a call may raise, by its name."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.deleted: list[str] = []
        self.failing: dict[str, Exception] = {}
        self.modified: dict[str, datetime] = {}
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def _begin(self, call: str) -> None:
        if error := self.failing.get(call):
            raise error

    def upload_fileobj(self, file: BinaryIO, _: str, key: str) -> None:
        self._begin("upload_fileobj")
        self.objects[key] = file.read()

    def upload_file(self, path: str, _: str, key: str) -> None:
        self.objects[key] = Path(path).read_bytes()

    def put_object(self, **call: Any) -> None:
        self._begin("put_object")
        if "IfNoneMatch" in call and call["Key"] in self.objects:
            raise refused(412)
        self.objects[call["Key"]] = call["Body"]
        self._begin("put_object_reply")

    def get_object(self, **call: Any) -> dict[str, Any]:
        self._begin("get_object")
        if call["Key"] not in self.objects:
            raise refused(404)
        body = self.objects[call["Key"]]
        if "Range" in call:
            first, last = call["Range"].removeprefix("bytes=").split("-")
            if int(first) >= len(body):
                raise refused(416)
            body = body[int(first) : int(last) + 1 if last else None]
        return {"Body": Body(body), "ContentLength": len(body)}

    head_object = get_object

    def copy_object(self, **call: Any) -> None:
        self.objects[call["Key"]] = self.objects[call["CopySource"]["Key"]]

    def head_bucket(self, **_: Any) -> None:
        self._begin("head_bucket")

    def delete_object(self, **call: Any) -> None:
        self._begin("delete_object")
        self.deleted.append(call["Key"])
        del self.objects[call["Key"]]

    def list_objects_v2(self, **call: Any) -> dict[str, int]:
        keys = [key for key in self.objects if key.startswith(call["Prefix"])]
        return {"KeyCount": min(len(keys), call["MaxKeys"])}

    def get_paginator(self, operation: str) -> "Bucket":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, **call: Any) -> Iterator[dict[str, Any]]:
        prefix, delimiter = call["Prefix"], call.get("Delimiter")
        keys = sorted(key for key in self.objects if key.startswith(prefix))
        for key in keys:
            self.modified.setdefault(key, self.clock())
        yield {
            "Contents": [
                {"Key": key, "Size": len(self.objects[key]), "LastModified": self.modified[key]}
                for key in keys
            ]
        }
        if delimiter:
            folders = {key[len(prefix) :].partition(delimiter)[0] for key in keys}
            yield {"CommonPrefixes": [{"Prefix": f"{prefix}{one}/"} for one in sorted(folders)]}


class Body(io.BytesIO):
    def iter_chunks(self, size: int) -> Iterator[bytes]:
        return iter(lambda: self.read(size), b"")


def refused(status: int, code: str = "") -> ClientError:
    """Return what S3 answers with."""
    error = {"Code": code or str(status)}
    reply: Any = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(reply, "call")


@contextmanager
def away(store: Store, *calls: str) -> Iterator[None]:
    """For a block, calls do not reach the bucket."""
    gone = EndpointConnectionError(endpoint_url="http://nowhere")
    bucket = cast("Bucket", store.client)
    bucket.failing = dict.fromkeys(calls, gone)
    yield
    bucket.failing = {}


def store_in_memory(**options: Any) -> Store:
    """Return a store whose bucket is in memory."""
    store = Store(Settings(), **options)
    store.client = cast("Any", Bucket())
    return store
