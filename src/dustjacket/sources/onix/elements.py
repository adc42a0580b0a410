"""Text of elements: of a code, of a name, of a description with markup."""

import html

from lxml import etree

from dustjacket.sources.onix.tags import NAMES


def text_of(element: etree._Element) -> str:
    """Return the text of an element and of those in it, trimmed."""
    text = element.text or "" if not len(element) else "".join(element.itertext())
    return text.strip()


def fields_of(element: etree._Element) -> dict[str, str]:
    """Return the texts of an element's children by reference name; of equal names the first."""
    fields: dict[str, str] = {}
    for child in element:
        name = NAMES[child.tag]
        if name not in fields:
            # As text_of does, without a call: this is most of the time of reading.
            fields[name] = text_of(child) if len(child) else (child.text or "").strip()
    return fields


def html_of(element: etree._Element) -> str:
    """Return what an element holds: its text as it is, or its XHTML as HTML without namespaces."""
    if not len(element):
        return (element.text or "").strip()
    for inner in element.iterdescendants("{*}*"):
        inner.tag = etree.QName(inner).localname
    etree.cleanup_namespaces(element)
    parts = [html.escape(element.text or "", quote=False)]
    parts += [etree.tostring(child, encoding="unicode", method="html") for child in element]
    return "".join(parts).strip()
