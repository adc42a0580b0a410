"""Images for tests: drawn covers, and files with hostile headers."""

import io
import random
import struct
import zlib
from collections.abc import Iterable
from typing import Any

from PIL import Image

from dustjacket.sample.drawing import draw_cover
from dustjacket.sample.grammar import make_book


def drawn(seed: int | str, size: tuple[int, int] | None = None) -> Image.Image:
    """Return a cover, different for each seed."""
    rng = random.Random(seed)
    cover = draw_cover(make_book(rng), rng)
    return cover.resize(size) if size else cover


def saved(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """Return the bytes of an image file."""
    body = io.BytesIO()
    image.save(body, kind, **options)
    return body.getvalue()


def png(
    width: int,
    height: int,
    depth: int = 8,
    colour: int = 2,
    data: bytes | None = None,
    chunks: Iterable[tuple[bytes, bytes]] = (),
) -> bytes:
    """Return a PNG whose header declares a size, whatever its data."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    others = b"".join(chunk(kind, body) for kind, body in chunks)
    body = chunk(b"IDAT", zlib.compress(bytes(1000) if data is None else data, 9))
    return b"\x89PNG\r\n\x1a\n" + header + others + body + chunk(b"IEND", b"")


def gif(width: int, height: int, frame: tuple[int, int] = (10, 10)) -> bytes:
    """Return a GIF whose header declares a size, and another one for its frame."""
    small = saved(Image.new("P", (10, 10)), "GIF")
    body = bytearray(small[:6] + struct.pack("<HH", width, height) + small[10:])
    frame_size = body.index(b"\x2c", 13) + 5
    body[frame_size : frame_size + 4] = struct.pack("<HH", *frame)
    return bytes(body)
