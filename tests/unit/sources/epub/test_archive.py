"""The parts of an EPUB, from sound, damaged, locked and hostile archives."""

import io
import struct
import tracemalloc
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.errors import BadInputError
from dustjacket.sources.epub import archive
from dustjacket.sources.epub.archive import read_epub
from tests.support.epub import epub, opf

IMAGE = b"\xff\xd8\xff" + bytes(range(256)) * 20
ITEM = '<item id="c" href="../img/my%20c.jpg" media-type="image/jpeg" properties="cover-image"/>'
PACKAGE = opf("<dc:title>The Key</dc:title>", ITEM)
GOOD = epub(PACKAGE, **{"img__my c.jpg": IMAGE})


def read(body, cover=True):
    return read_epub(io.BytesIO(body), cover=cover)


def test_the_cover_of_an_epub_is_read_where_its_package_says():
    found = read(GOOD)
    assert (found.package, found.cover_name, found.cover) == (PACKAGE, "img/my c.jpg", IMAGE)
    assert read(GOOD, cover=False).cover == b""


def test_an_epub_without_cover_or_with_a_missing_one_has_none():
    assert read(epub(opf("<dc:title>x</dc:title>"))).cover == b""
    assert read(epub(PACKAGE)).cover == b""


def encrypted(body):
    """Set the flag of encryption on every member."""
    return body.replace(b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\1\0")


LOCKED = (
    b'<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    b'<EncryptedData><CipherReference URI="img/my%20c.jpg"/></EncryptedData></encryption>'
)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "damaged"),
        (b"PK\x03\x04 no archive", "damaged"),
        (GOOD[:-200], "damaged"),
        (GOOD[: len(GOOD) // 2] + GOOD[len(GOOD) // 2 + 40 :], "damaged"),
        (encrypted(GOOD), "encrypted"),
        (epub(PACKAGE, **{"img__my c.jpg": IMAGE, "META-INF__encryption.xml": LOCKED}), "DRM"),
        (epub(PACKAGE, path="../content.opf"), "names no package"),
        (epub(PACKAGE).replace(b"META-INF/container.xml", b"META-INF/container.xmm"), "has no"),
        (epub(opf("x", ITEM)[:-30], **{"img__my c.jpg": IMAGE}), "well-formed"),
    ],
    ids=range(9),
)
def test_what_cannot_be_read_is_named_in_one_line(body, message):
    with pytest.raises(BadInputError, match=message) as error:
        read(body)
    assert "\n" not in str(error.value)


def test_a_bomb_is_not_inflated(monkeypatch):
    monkeypatch.setattr(archive, "MAX_COVER", 1 << 20)
    body = epub(PACKAGE, **{"img__my c.jpg": b"\0" * (100 << 20)})
    tracemalloc.start()
    with pytest.raises(BadInputError, match="more than 1 MiB"):
        read(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def test_an_archive_of_too_many_members_is_not_listed():
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as file:
        for number in range(20_001):
            file.writestr(str(number), b"")
    with pytest.raises(BadInputError, match="members"):
        read(body.getvalue())
    lying = bytearray(GOOD)
    lying[-12:-8] = struct.pack("<L", 0xFFFFFFF0)
    with pytest.raises(BadInputError, match=r"members|damaged"):
        read(bytes(lying))


@given(st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4)), max_size=5))
def test_changed_bytes_end_in_a_cover_or_one_error(changes):
    body = bytearray(GOOD)
    for place, value in changes:
        start = int(place * len(body))
        body[start : start + len(value)] = value
    with suppress(BadInputError):
        read(bytes(body))
