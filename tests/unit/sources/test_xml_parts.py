"""The parts of a large XML file have the rows of the whole file, wherever it is cut."""

import io
from dataclasses import replace

import pytest

from dustjacket.sources.csv import WHOLE
from dustjacket.sources.marc.marcxml import MARCXML
from dustjacket.sources.onix.reader import ONIX
from dustjacket.sources.tables import ReadOptions

PRODUCT = (
    "<{p}Product><{p}RecordReference>r{n}</{p}RecordReference><{p}NotificationType>03"
    "</{p}NotificationType><{p}DescriptiveDetail><{p}TitleDetail><{p}TitleType>01</{p}TitleType>"
    "<{p}TitleElement><{p}TitleElementLevel>01</{p}TitleElementLevel><{p}TitleText>{t}"
    "</{p}TitleText></{p}TitleElement></{p}TitleDetail></{p}DescriptiveDetail></{p}Product>\n"
)
HEADER = (
    "<{p}Header><{p}SentDateTime>20240102</{p}SentDateTime><{p}DefaultLanguageOfText>{lang}"
    "</{p}DefaultLanguageOfText></{p}Header>\n"
)
SPACE = "http://ns.editeur.org/onix/3.0/reference"


def onix(titles, prefix="", language="ger", declared="utf-8"):
    xmlns = f"xmlns:{prefix[:-1]}" if prefix else "xmlns"
    products = "".join(PRODUCT.format(p=prefix, n=n, t=t) for n, t in enumerate(titles))
    return (
        f"<?xml version='1.0' encoding='{declared}'?>\n"
        f'<{prefix}ONIXMessage release="3.0" {xmlns}="{SPACE}">'
        f"{HEADER.format(p=prefix, lang=language)}{products}</{prefix}ONIXMessage>"
    ).encode(declared)


def marcxml(titles):
    records = "".join(
        "<record><metadata><m:record><m:leader>00000nam a2200000 a 4500</m:leader>"
        f'<m:datafield tag="245" ind1="0" ind2="0"><m:subfield code="a">{title}</m:subfield>'
        "</m:datafield></m:record></metadata></record>\n"
        for title in titles
    )
    return f'<OAI xmlns:m="http://www.loc.gov/MARC21/slim">{records}</OAI>'.encode()


TITLES = [f"Büch {n} {'x' * (n % 7)}" for n in range(60)]
FAULTY = [
    *TITLES[:20], "<!-- </Product><Product> -->in a comment", "<![CDATA[</Product>]]>",
    "broken <b", "</TitleText></Product><Product><RecordReference>", *TITLES[20:],
]  # fmt: skip
FILES = {
    "onix": (ONIX, onix(TITLES)),
    "prefixed": (ONIX, onix(TITLES, "o:")),
    "latin-1": (ONIX, onix(TITLES, declared="iso-8859-1")),
    "with a mark": (ONIX, b"\xef\xbb\xbf" + onix(TITLES)),
    "faulty": (ONIX, onix(FAULTY)),
    "two messages": (ONIX, onix(TITLES) + onix(TITLES, language="fre")),
    "utf-16": (ONIX, onix(TITLES, declared="utf-16")),
    "marcxml": (MARCXML, marcxml(TITLES)),
}


@pytest.mark.parametrize("size", [1, 700, 5000])
@pytest.mark.parametrize("name", FILES)
def test_the_rows_of_all_parts_are_those_of_the_whole_file(name, size):
    form, body = FILES[name]
    assert form.matches(body, "x")
    shape = form.shape(io.BytesIO(body), ReadOptions("x"))
    whole = list(form.rows(io.BytesIO(body), shape, WHOLE))
    parts = list(form.split(io.BytesIO(body), shape, size))
    read = [
        list(form.rows(io.BytesIO(body[part.offset : part.end]), shape, part)) for part in parts
    ]
    rows = [row for part in read for row in part]
    assert rows == whole
    assert len(whole) >= len(TITLES)
    assert len(parts) > 1 or name == "utf-16"
    # A stream that does not end with the part gives no more rows than one that does.
    assert list(form.rows(io.BytesIO(body), shape, parts[0])) == read[0]


def test_a_file_without_a_short_preamble_is_one_part():
    comment = f"<!--{'x' * 70_000}-->".encode()
    body = onix(TITLES).replace(b"<Header>", comment + b"<Header>")
    shape = ONIX.shape(io.BytesIO(body), ReadOptions("x"))
    assert list(ONIX.split(io.BytesIO(body), shape, 1)) == [WHOLE]
    assert list(ONIX.split(io.BytesIO(body), replace(shape, preamble=b""), 1)) == [WHOLE]
