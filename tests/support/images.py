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


def tiff(tags: Iterable[tuple[int, int, int, bytes | int]], pixels: bytes = b"") -> bytes:
    """Return a TIFF with one directory, whatever its tags say; also the form of EXIF tags.

    Args:
        tags: tag, type, number of values, and the values as bytes, or one value as a number. The
            pixels are at byte 8.
    """
    tags = sorted(tags, key=lambda tag: tag[0])
    directory = 8 + len(pixels)
    place = directory + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for tag, kind, number, value in tags:
        where = value if isinstance(value, int) else place + len(values)
        entries += struct.pack("<HHLL", tag, kind, number, where)
        values += b"" if isinstance(value, int) else value
    count = struct.pack("<H", len(tags))
    return b"II*\0" + struct.pack("<L", directory) + pixels + count + entries + bytes(4) + values


def with_exif(body: bytes, exif: bytes) -> bytes:
    """Return a JPEG without a JFIF header, with tags in as many segments as they need."""
    segments = b""
    for start in range(0, len(exif), 65_000):
        data = b"Exif\0\0" + exif[start : start + 65_000]
        segments += b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data
    return body[:2] + segments + body[4 + struct.unpack(">H", body[4:6])[0] :]
