"""The body of a response, bounded as it comes."""

import zlib
from collections.abc import AsyncIterator

import aiohttp

from dustjacket.web.failures import WebError


async def parts(
    response: aiohttp.ClientResponse, max_bytes: int, *, as_sent: bool = False
) -> AsyncIterator[bytes]:
    """Yield the body as it comes, decoded, and never more than ``max_bytes`` of it.

    Args:
        as_sent: whether to leave it encoded.
    """
    url = str(response.url)
    if (response.content_length or 0) > max_bytes:
        raise WebError(url, "too_large")
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    decoder = None
    if encoding in ("gzip", "x-gzip", "deflate") and not as_sent:
        decoder = zlib.decompressobj(zlib.MAX_WBITS | 32)
    elif encoding not in ("", "identity") and not as_sent:
        raise WebError(url, "unsupported_encoding")
    left = max_bytes
    async for part in response.content.iter_any():
        plain = decoder.decompress(part, left + 1) if decoder else part
        left -= len(plain)
        if left < 0:
            raise WebError(url, "too_large")
        yield plain
    if decoder and (not decoder.eof or decoder.unused_data):
        raise WebError(url, "bad_encoding")
