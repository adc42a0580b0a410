"""Covers as SVG with live text; Typst's own SVG has outlines, which nobody can find or edit.

The fonts are embedded whole, so that text can be changed; of a very large font, only the
characters that are used.
"""

import base64
import io
from functools import lru_cache
from xml.sax.saxutils import escape, quoteattr

from dustjacket.typesetting.drawing import Drawing, ImageBox, Turned, is_rtl, stops
from dustjacket.typesetting.fonts import Catalogue, FontFace
from dustjacket.typesetting.schemas import FilledBox, TextBlock, TextLine

MAX_WHOLE_FONT = 800_000
"""Bytes of a font file that is embedded whole."""
_LABELS = {"art": "Art", "fields": "Fields", "type": "Type"}
_ANCHORS = {"left": "start", "center": "middle", "right": "end"}
_MIRRORED = {"start": "end", "middle": "middle", "end": "start"}


def svg_of(drawing: Drawing, fonts: Catalogue, xmp: bytes) -> bytes:
    """Return a drawing as SVG: a layer (of Inkscape, too) for art, fields and type."""
    width, height = drawing.width, drawing.height
    inches = drawing.points / 72
    gradients: list[str] = []
    layers = "".join(
        f'<g id="{name}" inkscape:groupmode="layer" inkscape:label="{_LABELS[name]}">'
        + "".join(_item(item, gradients) for item in items)
        + "</g>"
        for name, items in drawing.layers.items()
    )
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<svg xmlns="http://www.w3.org/2000/svg" '
        'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" '
        f'width="{_number(width * inches)}in" height="{_number(height * inches)}in" '
        f'viewBox="0 0 {_number(width)} {_number(height)}" role="img" aria-labelledby="title">',
        f'<title id="title">{escape(drawing.title)}</title>',
        f"<metadata>{xmp.decode().partition('?>')[2].rpartition('<?')[0]}</metadata>",
        f"<style>{_font_faces(drawing, fonts)}</style>",
        f"<defs>{''.join(gradients)}</defs>",
        f'<rect width="{_number(width)}" height="{_number(height)}" fill="{drawing.background}"/>',
        layers,
        "</svg>\n",
    ]
    return "".join(parts).encode()


def _item(item: ImageBox | FilledBox | TextBlock | Turned, gradients: list[str]) -> str:
    if isinstance(item, ImageBox):
        data = base64.b64encode(item.body).decode()
        return (
            f'<image {_place(item)} preserveAspectRatio="none" '
            f'href="data:image/{item.kind};base64,{data}"><title>{escape(item.alt)}</title></image>'
        )
    if isinstance(item, FilledBox):
        return _field(item, gradients)
    block = item.block if isinstance(item, Turned) else item
    degrees = item.degrees if isinstance(item, Turned) else 0
    return "".join(_line(block, line, degrees) for line in block.lines)


def _place(item: ImageBox | FilledBox) -> str:
    box = item.box
    return " ".join(
        f'{name}="{_number(value)}"'
        for name, value in (
            ("x", box.left), ("y", box.top), ("width", box.width), ("height", box.height),
        )
    )  # fmt: skip


def _field(fill: FilledBox, gradients: list[str]) -> str:
    if fill.stroke:
        return (
            f'<rect {_place(fill)} fill="none" stroke="{fill.colour}" '
            f'stroke-width="{_number(fill.stroke)}" stroke-opacity="{_number(fill.opacity)}"/>'
        )
    shades = stops(fill)
    if len(shades) == 1:
        return f'<rect {_place(fill)} fill="{fill.colour}" fill-opacity="{_number(fill.opacity)}"/>'
    name = f"veil{len(gradients)}"
    inner = "".join(
        f'<stop offset="{at}" stop-color="{fill.colour}" stop-opacity="{opacity}"/>'
        for at, opacity in shades
    )
    gradients.append(
        f'<linearGradient id="{name}" x1="0" y1="0" x2="0" y2="1">{inner}</linearGradient>'
    )
    return f'<rect {_place(fill)} fill="url(#{name})"/>'


def _line(block: TextBlock, line: TextLine, degrees: float) -> str:
    rtl, anchor = is_rtl(line.text), _ANCHORS[block.align]
    x, y = _number(line.x), _number(line.baseline)
    attributes = {
        "class": block.role,
        "x": x,
        "y": y,
        "font-family": f"'{block.font}'",
        "font-weight": str(block.weight),
        "font-style": "italic" if block.italic else "normal",
        "font-size": _number(block.size),
        "fill": block.colour,
        "text-anchor": _MIRRORED[anchor] if rtl else anchor,
        "direction": "rtl" if rtl else "ltr",
    }
    if block.tracking:
        attributes["letter-spacing"] = _number(block.tracking * block.size)
    if degrees:
        attributes["transform"] = f"rotate({_number(degrees)} {x} {y})"
    shown = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())
    return f'<text {shown} xml:space="preserve">{escape(line.text)}</text>'


def _font_faces(drawing: Drawing, fonts: Catalogue) -> str:
    used: dict[FontFace, set[str]] = {}
    for item in drawing.layers.get("type", []):
        block = item.block if isinstance(item, Turned) else item
        if not isinstance(block, TextBlock):
            continue
        face = fonts.face(block.font, block.weight, italic=block.italic)
        used.setdefault(face, set()).update(block.text)
    return "".join(
        f"@font-face{{font-family:{_css_string(face.family)};font-weight:{face.weight};"
        f"font-style:{'italic' if face.italic else 'normal'};"
        f"src:url(data:font/woff;base64,{_woff(face, ''.join(sorted(used[face])))})}}"
        for face in sorted(used, key=lambda face: (face.family, face.weight, face.italic))
    )


def _css_string(text: str) -> str:
    return "'" + "".join(c if c.isalnum() or c in " -_" else f"\\{ord(c):x} " for c in text) + "'"


@lru_cache(maxsize=64)
def _woff(face: FontFace, characters: str) -> str:
    """Return a font as WOFF in base 64: whole, or the given characters if it is very large."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    with TTFont(face.path, fontNumber=face.index, recalcTimestamp=False) as font:
        if len(_file(face.path)) > MAX_WHOLE_FONT:
            options = Options(layout_features=["*"], notdef_outline=True)
            small = Subsetter(options)
            small.populate(text=characters)
            small.subset(font)
        font.flavor = "woff"
        encoded = io.BytesIO()
        font.save(encoded, reorderTables=False)
    return base64.b64encode(encoded.getvalue()).decode()


def _file(path: str) -> bytes:
    from pathlib import Path

    return Path(path).read_bytes()


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
