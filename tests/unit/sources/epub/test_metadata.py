"""Terms and refinements, however many."""

from dustjacket.sources.epub.metadata import Metadata
from dustjacket.sources.xml import parse_document
from tests.support.epub import opf


def test_only_so_many_terms_are_read():
    metadata = Metadata(parse_document(opf("<dc:subject>x</dc:subject>" * 5000)))
    assert 1000 < len(metadata.terms("subject")) <= 2000


def test_terms_without_identifier_share_no_refinement():
    metadata = Metadata(
        parse_document(opf('<dc:title>a</dc:title><meta refines="#" property="p">x</meta>'))
    )
    assert metadata.refined(metadata.terms("title")[0], "p") == ""
