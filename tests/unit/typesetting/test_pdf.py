import io
import re

import pikepdf

from dustjacket.typesetting.book import Book
from dustjacket.typesetting.layout import lay_out
from dustjacket.typesetting.render import render
from dustjacket.typesetting.style import HouseStyle

_PAIR = re.compile(rb"<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>\s*\n?")


def texts_of(page):
    """Return what a reader copies from a page: glyphs, by each font's map to Unicode."""
    maps = {
        name: {
            int(glyph, 16): bytes.fromhex(text.decode()).decode("utf-16-be")
            for glyph, text in _PAIR.findall(font.ToUnicode.read_bytes())
        }
        for name, font in page.obj.Resources.Font.items()
    }
    shown, current = "", {}
    for operands, operator in pikepdf.parse_content_stream(page):
        if str(operator) == "Tf":
            current = maps[str(operands[0])]
        if str(operator) in ("Tj", "TJ"):
            parts = operands[0] if str(operator) == "TJ" else operands
            codes = b"".join(bytes(part) for part in parts if isinstance(part, pikepdf.String))
            glyphs = (int.from_bytes(codes[at : at + 2]) for at in range(0, len(codes), 2))
            shown += "".join(current.get(glyph, "") for glyph in glyphs)
    return shown


def test_text_is_live_and_layers_can_be_hidden(art, art_png):
    layout = lay_out(art, Book("The Moon Pool", author="A. Merritt"), HouseStyle(), 2)
    with pikepdf.open(io.BytesIO(render(layout, art_png, "pdf"))) as pdf:
        assert [str(group.Name) for group in pdf.Root.OCProperties.OCGs] == ["Art", "Type"]
        page = pdf.pages[0]
        wanted = "".join(line.text for block in layout.texts for line in block.lines)
        assert texts_of(page).replace(" ", "") == wanted.replace(" ", "")
        operators = [str(operator) for _, operator in pikepdf.parse_content_stream(page)]
        at = operators.index("BT")
        assert operators[at - 1] == "BDC"
        assert operators.count("BDC") == operators.count("EMC") == operators.count("BT")
        assert all("/OC" in image for image in page.images.values())
        assert b"Dustjacket" in pdf.Root.Metadata.read_bytes()
        width, height = (float(side) for side in page.mediabox[2:])
        assert (round(width), round(height)) == (360, 576)
