"""A small file of every format that is read, each with the same book."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq

from tests.support.epub import epub, opf
from tests.support.marc import marc_record
from tests.support.spreadsheets import ods, xlsx

TITLE = "Über Öl"
_ROWS = [["title", "author", "genre"], [TITLE, "Ada Stern", "Poetry"]]
_BOOK = dict(zip(*_ROWS, strict=True))
_MARC = marc_record("100 1# $aStern, Ada", f"245 10 $a{TITLE}", leader="00000nam a2200000 a 4500")
_PACKAGE = opf(f"<dc:title>{TITLE}</dc:title><dc:creator>Ada Stern</dc:creator>")
_PRODUCT = (
    "<Product><RecordReference>r1</RecordReference><NotificationType>03</NotificationType>"
    "<DescriptiveDetail><TitleDetail><TitleType>01</TitleType><TitleElement><TitleElementLevel>01"
    f"</TitleElementLevel><TitleText>{TITLE}</TitleText></TitleElement></TitleDetail>"
    "</DescriptiveDetail></Product>"
)


def _parquet() -> bytes:
    body = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([_BOOK]), body)
    return body.getvalue()


def _line(**book: object) -> bytes:
    return json.dumps(book, ensure_ascii=False).encode() + b"\n"


EXAMPLES = {
    "parquet": _parquet(),
    "xlsx": xlsx({"a": _ROWS}),
    "ods": ods({"a": _ROWS}),
    "marc21": bytes(_MARC.as_marc()),
    "marc_text": str(_MARC).encode(),
    "marcxml": (
        '<collection xmlns="http://www.loc.gov/MARC21/slim"><record><leader>00000nam a2200000 a '
        '4500</leader><datafield tag="245" ind1="1" ind2="0"><subfield code="a">'
        f"{TITLE}</subfield></datafield></record></collection>"
    ).encode(),
    "onix": (
        '<ONIXMessage release="3.0" xmlns="http://ns.editeur.org/onix/3.0/reference">'
        f"<Header/>{_PRODUCT}</ONIXMessage>"
    ).encode(),
    "opf": _PACKAGE,
    "epub": epub(_PACKAGE),
    "open_library": b"/type/edition\t/books/OL1M\t1\t2009-12-11T01:57:19\t" + _line(title=TITLE),
    "goodreads_graph": _line(book_id="1", title=TITLE, popular_shelves=[]),
    "goodreads_authors": _line(author_id="7", name="Ada Stern", ratings_count="1"),
    "amazon_reviews": _line(parent_asin="0000000019", main_category="Books", title=TITLE),
    "google_books": _line(id="v1", volumeInfo={"title": TITLE}),
    "gutenberg": (
        "Text#,Type,Issued,Title,Language,Authors,Subjects,LoCC,Bookshelves\n"
        f"1,Text,1971-12-01,{TITLE},de,,,,Poetry\n"
    ).encode(),
    "json_lines": _line(**_BOOK) * 2,
    "json": json.dumps([_BOOK], ensure_ascii=False, indent=1).encode(),
    "csv": "\n".join(map(",".join, _ROWS)).encode(),
}
