"""The body of a response, bounded while it arrives."""

import zlib
from collections.abc import AsyncIterator

import aiohttp

from dustjacket.web.failures import WebError

_UNSUPPORTED = (
    "br",
    "zstd",
    "dcb",
    "dcz",
    "compress",
    "x-compress",
    "aes128gcm",
    "exi",
    "pack200-gzip",
)
"""Known content codings (IANA) that are not undone. What is none of them is no coding, such as
``none`` or ``utf-8``, which servers send by mistake and browsers ignore."""


async def body_chunks(
    response: aiohttp.ClientResponse, max_bytes: int, *, decode: bool = True
) -> AsyncIterator[bytes]:
    """Yield the body in chunks as they arrive.

    Args:
        max_bytes: of the whole body, after decoding; a small body that decompresses to a large one
            is stopped at this size.
        decode: whether to undo the Content-Encoding.

    Raises:
        WebError: the body is too large, or its encoding is not supported or broken.
    """
    url = str(response.url)
    if (response.content_length or 0) > max_bytes:
        raise WebError(url, "too_large")
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    decoder = None
    if encoding in ("gzip", "x-gzip", "deflate") and decode:
        decoder = zlib.decompressobj(zlib.MAX_WBITS | 32)
    elif encoding in _UNSUPPORTED and decode:
        raise WebError(url, "unsupported_encoding")
    bytes_left = max_bytes
    async for chunk in response.content.iter_any():
        plain = decoder.decompress(chunk, bytes_left + 1) if decoder else chunk
        bytes_left -= len(plain)
        if bytes_left < 0:
            raise WebError(url, "too_large")
        yield plain
    if decoder and (not decoder.eof or decoder.unused_data):
        raise WebError(url, "bad_encoding")
