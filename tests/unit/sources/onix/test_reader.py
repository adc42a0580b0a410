"""Files of ONIX: found by content, whole or damaged, in any encoding, hostile."""

import io
import subprocess
import sys

import pytest

from dustjacket.errors import BadInputError
from dustjacket.sources.formats import format_of, shape_of
from dustjacket.sources.onix.reader import ONIX
from dustjacket.sources.tables import ReadOptions
from tests.conftest import ROOT
from tests.support.onix import (
    IDENTIFIERS,
    descriptive,
    message,
    rows_of,
    shortened,
    titled,
)

SHARED = ROOT.parent / "shared/data/standard-ebooks/opf"


def numbered(number, title=None):
    identifiers = IDENTIFIERS.replace("r.1", f"r.{number}")
    described = titled(title or f"Title {number}")
    return f"{identifiers}<DescriptiveDetail>{described}</DescriptiveDetail>"


def titles_of(rows):
    return [row.values.get("title") or row.reason for row in rows]


def outcome(text):
    return titles_of(rows_of(text))


WHOLE = message(numbered(0), numbered(1), numbered(2))


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        shortened(WHOLE),
        WHOLE.replace("<ONIXMessage", '<ONIXMessage xmlns="http://ns.editeur.org/onix/3.0/reference"'),
        WHOLE.replace("<", "<o:").replace("<o:/", "</o:").replace("<o:?", "<?").replace(
            "<o:ONIXMessage", '<o:ONIXMessage xmlns:o="http://ns.editeur.org/onix/3.1/reference"'
        ),
        WHOLE.replace("<ONIXMessage", '<!DOCTYPE ONIXMessage SYSTEM "x.dtd">\n<ONIXMessage'),
        WHOLE.replace("<ONIXMessage", "<!-- <Product>not</Product> -->\n<ONIXMessage"),
        WHOLE.replace("\n<Product>", "\n<!-- <Product> --><Product>"),
        WHOLE.partition("?>")[2],
        "\ufeff" + WHOLE,
        "\n\n" + WHOLE.partition("?>")[2],
        WHOLE.replace("release=\"3.0\"", ""),
        WHOLE + message(),
    ],
)  # fmt: skip
def test_every_form_of_a_message_gives_the_same_titles(text):
    assert outcome(text) == ["Title 0", "Title 1", "Title 2"]


def test_a_product_alone_is_read():
    assert outcome(f"<Product>{numbered(0)}</Product>") == ["Title 0"]
    assert outcome(shortened(f"<Product>{numbered(0)}</Product>")) == ["Title 0"]


def test_messages_one_after_another_are_one_file():
    first = message(numbered(0), header="<SentDateTime>20240101</SentDateTime>")
    second = message(numbered(1), header="<SentDateTime>20240201</SentDateTime>")
    rows = rows_of(first + "\n" + second)
    assert titles_of(rows) == ["Title 0", "Title 1"]
    assert [row.values["sent"][:10] for row in rows] == ["2024-01-01", "2024-02-01"]
    assert [row.position for row in rows] == [0, 1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_the_declared_encoding_is_used(encoding):
    text = message(numbered(0, "Élan vital"), numbered(1))
    declared = text.replace('"1.0"?', f'"1.0" encoding="{encoding}"?').encode(encoding)
    assert outcome(declared) == ["Élan vital", "Title 1"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-7", "iso-2022-jp", "cp037"])
def test_a_declaration_that_is_wrong_loses_no_record(encoding):
    text = message(numbered(0), numbered(1)).replace('"1.0"?', f'"1.0" encoding="{encoding}"?')
    assert len(rows_of(text.encode())) == 2


def test_an_unknown_encoding_is_refused_by_name():
    text = message(numbered(0)).replace('"1.0"?', '"1.0" encoding="klingon"?')
    with pytest.raises(BadInputError, match="klingon"):
        rows_of(text)


def test_stray_bytes_of_another_encoding_cost_nothing():
    text = message(numbered(0, "Caf\u00e9"), numbered(1))
    assert outcome(text.encode("windows-1252")) == ["Café", "Title 1"]


@pytest.mark.parametrize(
    "product",
    [
        numbered(1).replace("</TitleText>", ""),
        numbered(1).replace("<TitleText>", "<TitleText"),
        numbered(1, "a < b"),
        "x" * 100 + "<DescriptiveDetail>",
    ],
)
def test_a_malformed_product_costs_itself_only(product):
    rows = rows_of(message(numbered(0), product, numbered(2)))
    assert titles_of(rows) == ["Title 0", "malformed_xml", "Title 2"]
    assert rows[1].raw == f"<Product>{product}</Product>".encode()
    text = message(numbered(0), product, numbered(2)).encode()
    assert all(text[row.offset :].startswith(row.raw) for row in rows)


def test_what_stands_before_a_cut_is_kept():
    text = message(numbered(0), numbered(1))
    assert outcome(text[: text.rindex("</TitleText>")]) == ["Title 0", "truncated_record"]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Tom&nbsp;&amp; Co", "Tom\u00a0& Co"),
        ("Caf&eacute;", "Café"),
        ("Tom & Co", "Tom & Co"),
        ("A\x0bB", "A\ufffdB"),
        ("<![CDATA[Tom & <Co> </Product>]]>", "Tom & <Co> </Product>"),
    ],
)
def test_faults_of_one_character_are_repaired(title, expected):
    assert outcome(message(numbered(0, title), numbered(1))) == [expected, "Title 1"]


def test_a_product_that_is_empty_has_a_reason():
    assert outcome(message("", numbered(1)).replace("<Product></Product>", "<Product/>")) == [
        "no_identifier",
        "Title 1",
    ]


@pytest.mark.parametrize(
    "text",
    [
        message(numbered(0), release="2.1"),
        message(f"{IDENTIFIERS}<Title><TitleText>Emma</TitleText></Title>").replace(
            ' release="3.0"', ""
        ),
        message(numbered(0)).replace('release="3.0"', 'xmlns="http://www.editeur.org/onix/2.1/short"')
        .replace("DescriptiveDetail", "Other"),
    ],
)  # fmt: skip
def test_release_2_is_refused_by_name(text):
    with pytest.raises(BadInputError, match=r"'feed.xml' is ONIX 2.1: give ONIX 3.0 or 3.1"):
        rows_of(text)


@pytest.mark.parametrize(
    "body",
    [
        b"<collection><record/></collection>",
        b"<rss><channel><product>x</product></channel></rss>",
        b"title,author\nEmma,Jane Austen\n",
        b"<product><name>Lamp</name></product>",
        b"\x00\x01\x02",
        b"",
    ],
)
def test_other_files_are_not_onix(body):
    assert not ONIX.matches(body, "feed.xml")


def test_a_compressed_or_misnamed_message_is_found_by_its_content():
    assert format_of(WHOLE.encode(), "feed.csv").name == "onix"


def test_files_of_accessibility_data_alone_are_rejected_rows():
    files = sorted(SHARED.glob("*.onix.xml"))
    if not files:
        pytest.skip(f"no file of ONIX in {SHARED}")
    for file in files:
        assert [row.reason for row in rows_of(file.read_bytes())] == ["no_identifier"]


LAUGHS = "".join(f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' for number in range(1, 12))


@pytest.mark.parametrize(
    "subset",
    [
        f'<!ENTITY l0 "ha">{LAUGHS}',
        '<!ENTITY l11 SYSTEM "file:///etc/passwd">',
        '<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;',
    ],
)
def test_declared_entities_are_refused(subset):
    text = message(numbered(0, "&l11;")).replace(
        "<ONIXMessage", f"<!DOCTYPE ONIXMessage [{subset}]>\n<ONIXMessage", 1
    )
    with pytest.raises(BadInputError, match="entities"):
        rows_of(text)


HOSTILE = {
    "deep": "<p>" * 100_000,
    "deep_whole": "<p>" * 5000 + "</p>" * 5000,
    "endless_text": f"<TitleText>{'x' * (20 << 20)}</TitleText>",
    "endless_attribute": f'<TitleText a="{"x" * (10 << 20)}">x</TitleText>',
    "endless_tag": f"<TitleText {'x' * (20 << 20)}",
    "many_names": "".join(f"<n{number}/>" for number in range(200_000)),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_product_costs_itself_only(name):
    rows = rows_of(message(numbered(0), HOSTILE[name], numbered(2)))
    assert titles_of(rows)[0] == "Title 0"
    assert titles_of(rows)[-1] == "Title 2"
    assert {row.reason for row in rows[1:-1]} <= {
        "malformed_xml", "record_too_long", "unclosed_element", "no_identifier",
    }  # fmt: skip
    assert all(len(row.raw) <= 1 << 16 for row in rows)


_BOUNDED = """
import io, resource, sys
from dustjacket.sources.formats import read_rows, shape_of
from dustjacket.sources.tables import ReadOptions

class Endless(io.RawIOBase):
    def __init__(self, head, piece, times):
        self.parts = iter([head, *[piece] * times])
        self.rest = b""
    def readable(self):
        return True
    def readinto(self, buffer):
        self.rest = self.rest or next(self.parts, b"")
        data, self.rest = self.rest[: len(buffer)], self.rest[len(buffer):]
        buffer[: len(data)] = data
        return len(data)

head = b'<?xml version="1.0"?><ONIXMessage release="3.0"><Header/>'
piece = {piece!r} * 64
def stream():
    return io.BufferedReader(Endless(head, piece, (128 << 20) // len(piece)))
shape = shape_of(stream(), ReadOptions(name="feed.xml"))
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20), used + (64 << 20)))
print(sum(1 for _ in read_rows(stream(), shape)))
"""


@pytest.mark.parametrize(
    ("piece", "least", "most"),
    [
        (f"<Product>{numbered(0)}{' ' * 4000}</Product>", 20_000, 40_000),
        ("<Product>" + "x" * 4096, 0, 100_000),
        ("x" * 4096, 0, 100),
        ("<!-- " + "x" * 4096, 0, 100),
        ("<Product " + "x" * 4096, 0, 100_000),
    ],
)
def test_memory_is_bounded_whatever_the_file(piece, least, most):
    program = _BOUNDED.format(piece=piece.encode())
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert least <= int(done.stdout) <= most


def test_a_message_of_no_products_has_no_rows():
    text = message()
    assert rows_of(text) == []
    assert shape_of(io.BytesIO(text.encode()), ReadOptions(name="a")).format == "onix"


def test_a_product_may_be_described_before_it_is_identified():
    swapped = f"<DescriptiveDetail>{titled()}</DescriptiveDetail>{IDENTIFIERS}"
    assert outcome(message(swapped)) == outcome(message(descriptive(titled())))
