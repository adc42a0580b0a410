"""Messages of ONIX written by hand, and their rows."""

import io
from typing import Any

from dustjacket.sources.formats import read_rows, shape_of
from dustjacket.sources.onix.tags import SHORT
from dustjacket.sources.tables import ReadOptions, TableRow

IDENTIFIERS = (
    "<RecordReference>r.1</RecordReference><NotificationType>03</NotificationType>"
    "<ProductIdentifier><ProductIDType>15</ProductIDType><IDValue>9780000000002</IDValue>"
    "</ProductIdentifier>"
)


def message(*products: str, header: str = "", release: str = "3.0") -> str:
    """Return a message of products, each given by what it holds."""
    inner = "".join(f"<Product>{product}</Product>\n" for product in products)
    return (
        f'<?xml version="1.0"?>\n<ONIXMessage release="{release}"><Header>{header}</Header>\n'
        f"{inner}</ONIXMessage>"
    )


def descriptive(content: str) -> str:
    """Return a product with identifiers and one block of description."""
    return f"{IDENTIFIERS}<DescriptiveDetail>{content}</DescriptiveDetail>"


def titled(title: str = "Emma") -> str:
    """Return a title's elements."""
    return (
        "<TitleDetail><TitleType>01</TitleType><TitleElement>"
        f"<TitleElementLevel>01</TitleElementLevel><TitleText>{title}</TitleText>"
        "</TitleElement></TitleDetail>"
    )


def shortened(text: str) -> str:
    """Return a message with short tags instead of reference names."""
    for name, tag in SHORT.items():
        for begin in ("<", "</"):
            for end in (">", "/>", " "):
                text = text.replace(f"{begin}{name}{end}", f"{begin}{tag}{end}")
    return text.replace("ONIXMessage", "ONIXmessage")


def rows_of(text: str | bytes, name: str = "feed.xml") -> list[TableRow]:
    """Return the rows of a message, which is found by its content."""
    body = text.encode() if isinstance(text, str) else text
    shape = shape_of(io.BytesIO(body), ReadOptions(name=name))
    assert shape.format == "onix"
    return list(read_rows(io.BytesIO(body), shape))


def values_of(product: str, **of_message: str) -> dict[str, Any]:
    """Return the values of the one product of a message; short tags give the same."""
    written = message(product, **of_message)
    (row,) = rows_of(written)
    (short,) = rows_of(shortened(written))
    assert row.reason is None
    assert short.values == row.values
    return dict(row.values)
