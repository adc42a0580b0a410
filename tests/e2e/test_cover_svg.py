"""The SVG of a cover in a browser: its text is selected as text, in the fonts that it carries."""

from PIL import Image

from dustjacket.typesetting.book import Book
from dustjacket.typesetting.layout import lay_out
from dustjacket.typesetting.render import render
from dustjacket.typesetting.style import HouseStyle

BOOKS = [Book("The Moon Pool", author="A. Merritt"), Book("ألف ليلة وليلة"), Book("東京物語")]
SELECTED = """() => {
  const selection = getSelection();
  selection.selectAllChildren(document.querySelector("#type"));
  return selection.toString();
}"""
BOXES = "() => [...document.querySelectorAll('text')].map(t => t.getBBox().width)"


def test_text_is_selected_in_chromium(chromium, tmp_path):
    art = Image.effect_mandelbrot((400, 640), (-2, -1.5, 1, 1.5), 60).convert("RGB")
    art.save(tmp_path / "art.png")
    for number, book in enumerate(BOOKS):
        layout = lay_out(art, book, HouseStyle(families=("framed",)), 1)
        file = tmp_path / f"{number}.svg"
        file.write_bytes(render(layout, (tmp_path / "art.png").read_bytes(), "svg"))
        page = chromium.new_page(viewport={"width": 600, "height": 900})
        page.goto(file.as_uri())
        page.evaluate("document.fonts.ready")
        lines = [line.text for block in layout.texts for line in block.lines]
        assert page.evaluate(SELECTED).split() == " ".join(lines).split()
        loaded = page.evaluate("() => [...document.fonts].map(font => font.status)")
        assert loaded
        assert set(loaded) == {"loaded"}
        widths = page.evaluate(BOXES)
        expected = layout.block("title").box.width
        assert abs(max(widths) - expected) < 0.06 * expected
        page.close()
