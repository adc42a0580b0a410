import base64
import io
import re

from fontTools.ttLib import TTFont
from lxml import etree

from dustjacket.typesetting.book import Book
from dustjacket.typesetting.layout import lay_out
from dustjacket.typesetting.render import render
from dustjacket.typesetting.style import HouseStyle

SVG = "{http://www.w3.org/2000/svg}"


def svg_of(art, art_png, book, **style):
    layout = lay_out(art, book, HouseStyle(**style), 1)
    return layout, etree.fromstring(render(layout, art_png, "svg"))


def test_layers_hold_art_fields_and_live_text(art, art_png):
    layout, root = svg_of(art, art_png, Book("A <Moon> & more", author="B"), families=("panel",))
    layers = {group.get("id"): group for group in root.findall(f"{SVG}g")}
    assert list(layers) == ["art", "fields", "type"]
    lines = [element.text for element in layers["type"].findall(f"{SVG}text")]
    assert lines == [line.text for block in layout.texts for line in block.lines]
    assert len(layers["art"].findall(f"{SVG}image")) == 1
    assert root.get("viewBox") == "0 0 1600 2560"


def test_whole_fonts_are_embedded_and_very_large_ones_are_cut(art, art_png):
    for title, whole in (("Moon", True), ("東京", False)):
        _, root = svg_of(art, art_png, Book(title))
        data = re.search(r"base64,([^)]+)\)", root.find(f"{SVG}style").text)[1]
        characters = TTFont(io.BytesIO(base64.b64decode(data))).getBestCmap()
        assert {ord(character) for character in title} <= set(characters)
        assert (ord("Z") in characters) == whole


def test_right_to_left_lines_say_so(art, art_png):
    _, root = svg_of(art, art_png, Book("ألف ليلة"), families=("split",), align="right")
    line = root.find(f".//{SVG}text")
    assert (line.get("direction"), line.get("text-anchor")) == ("rtl", "start")
