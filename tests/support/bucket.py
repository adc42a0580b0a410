"""A bucket in memory, behind the real ``Store``: the few calls of S3 that it makes."""

import io
from contextlib import contextmanager

from botocore.exceptions import ClientError, EndpointConnectionError

from dustjacket.settings import Settings
from dustjacket.storage.store import Store


class Bucket:
    """Objects by key. ``failing`` is what a call may raise, by its name."""

    def __init__(self):
        self.objects, self.deleted, self.failing = {}, [], {}

    def _begin(self, call):
        if error := self.failing.get(call):
            raise error

    def upload_fileobj(self, file, _, key):
        self._begin("upload_fileobj")
        self.objects[key] = file.read()

    def put_object(self, **call):
        self._begin("put_object")
        assert call["IfNoneMatch"] == "*"
        if call["Key"] in self.objects:
            raise refused(412)
        self.objects[call["Key"]] = call["Body"]
        self._begin("put_object_reply")

    def get_object(self, **call):
        self._begin("get_object")
        if call["Key"] not in self.objects:
            raise refused(404)
        return {"Body": Body(self.objects[call["Key"]])}

    head_object = get_object

    def delete_object(self, **call):
        self._begin("delete_object")
        self.deleted.append(call["Key"])
        del self.objects[call["Key"]]

    def get_paginator(self, operation):
        assert operation == "list_objects_v2"
        return self

    def paginate(self, **call):
        prefix, delimiter = call["Prefix"], call.get("Delimiter")
        keys = sorted(key for key in self.objects if key.startswith(prefix))
        yield {"Contents": [{"Key": key, "Size": len(self.objects[key])} for key in keys]}
        if delimiter:
            folders = {key[len(prefix) :].partition(delimiter)[0] for key in keys}
            yield {"CommonPrefixes": [{"Prefix": f"{prefix}{one}/"} for one in sorted(folders)]}


class Body(io.BytesIO):
    def iter_chunks(self, size):
        return iter(lambda: self.read(size), b"")


def refused(status):
    """Return what S3 answers with."""
    reply = {"Error": {"Code": str(status)}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(reply, "call")


@contextmanager
def away(store, *calls):
    """For a block, calls do not reach the bucket."""
    gone = EndpointConnectionError(endpoint_url="http://nowhere")
    store.client.failing = dict.fromkeys(calls, gone)
    yield
    store.client.failing = {}


def store_in_memory():
    """Return a store whose bucket is in memory."""
    store = Store(Settings())
    store.client = Bucket()
    return store
