"""Finish a PDF of Typst: layers that can be hidden, and XMP metadata."""

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pikepdf

_LAYERS = ("Art", "Type")


def with_layers(body: bytes, xmp: bytes) -> bytes:
    """Return a PDF whose pictures and text are layers (optional content), with an XMP packet."""
    from pikepdf import Array, Dictionary, Name, Pdf, String

    with Pdf.open(io.BytesIO(body)) as pdf:
        groups = {
            name: pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String(name)))
            for name in _LAYERS
        }
        order = Array(list(groups.values()))
        pdf.Root.OCProperties = Dictionary(OCGs=order, D=Dictionary(Order=order, ON=order))
        for page in pdf.pages:
            for picture in page.images.values():
                picture.OC = groups["Art"]
            resources = page.obj.Resources
            if Name.Properties not in resources:
                resources.Properties = Dictionary()
            resources.Properties.Type = groups["Type"]
            page.Contents = pdf.make_stream(_wrapped(page))
        pdf.Root.Metadata = pdf.make_stream(xmp, Type=Name.Metadata, Subtype=Name.XML)
        finished = io.BytesIO()
        pdf.save(finished, deterministic_id=True)
        return finished.getvalue()


def _wrapped(page: "pikepdf.Page") -> bytes:
    """Return a page's content with each text object marked as of the layer Type."""
    import pikepdf
    from pikepdf import Name, Operator

    instructions: list[Any] = []
    for instruction in pikepdf.parse_content_stream(page):
        operator = str(instruction.operator)
        if operator == "BT":
            instructions.append(([Name.OC, Name.Type], Operator("BDC")))
        instructions.append(instruction)
        if operator == "ET":
            instructions.append(([], Operator("EMC")))
    return pikepdf.unparse_content_stream(instructions)
