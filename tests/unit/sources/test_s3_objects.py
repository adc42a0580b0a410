from types import SimpleNamespace

import pytest

from dustjacket.errors import BadInputError
from dustjacket.settings import Settings
from dustjacket.sources import s3_objects
from tests.support.bucket import store_in_memory


@pytest.mark.parametrize("has_etag", [True, False])
def test_an_object_without_an_etag_is_named_with_the_cure(monkeypatch, has_etag):
    store = store_in_memory()
    entry = {"Key": "books/a.csv", "Size": 3} | ({"ETag": "e"} if has_etag else {})
    pages = SimpleNamespace(paginate=lambda **_: [{"Contents": [entry]}])
    store.client = SimpleNamespace(get_paginator=lambda _: pages)
    monkeypatch.setattr(s3_objects, "Store", lambda _: store)
    found = s3_objects.s3_objects("s3://mine/books", Settings())
    if has_etag:
        assert list(found) == [("books/a.csv", "e", 3)]
    else:
        with pytest.raises(BadInputError, match=r"'books/a.csv'.*extended attributes"):
            list(found)
