"""Whatever a server sends as a body, the bytes are bounded and the error has a reason."""

import asyncio
import gzip
import zlib
from types import SimpleNamespace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dustjacket.web.bodies import body_chunks
from dustjacket.web.failures import WebError, as_web_error
from tests.support.memory import peak_growth_mib

MAX_BYTES = 10_000
TEXT = b"a cover " * 100
REASONS = {"too_large", "bad_encoding", "unsupported_encoding"}


def received(chunks, encoding):
    """Return the body of a response, or the reason of its failure."""

    async def arrive():
        for chunk in chunks:
            yield chunk

    response = SimpleNamespace(
        url="http://covers.example/a.jpg", content_length=None,
        headers={"Content-Encoding": encoding}, content=SimpleNamespace(iter_any=arrive),
    )  # fmt: skip

    async def read():
        with as_web_error(response.url):
            return b"".join([chunk async for chunk in body_chunks(response, MAX_BYTES)])

    try:
        return asyncio.run(read())
    except WebError as error:
        return error.reason


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_a_compressed_body_is_decoded(compress):
    body = compress(TEXT)
    assert received([body[:7], body[7:]], "gzip") == TEXT


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.binary(max_size=60), max_size=5)
    | st.tuples(st.integers(0, 60), st.integers(0, 255)).map(
        lambda flip: [bytes([*gzip.compress(TEXT)[: flip[0]], flip[1]]), gzip.compress(TEXT)]
    ),
    st.sampled_from(["", "gzip", "deflate", "br", "identity", "GZIP "]) | st.text(max_size=8),
)
@example([gzip.compress(bytes(50 << 20))], "gzip")
@example([gzip.compress(gzip.compress(bytes(50 << 20)))], "gzip")
@example([zlib.compress(bytes(300 << 20), 1)], "deflate")
@example([gzip.compress(TEXT), b"more"], "gzip")
def test_any_body_is_bounded_or_has_a_reason(chunks, encoding):
    found = []
    assert peak_growth_mib(lambda: found.append(received(chunks, encoding))) < 20
    (body,) = found
    assert body in REASONS if isinstance(body, str) else len(body) <= MAX_BYTES
