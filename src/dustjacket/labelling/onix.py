"""Labels in ONIX for Books 3: a composite ``Subject`` in a product's block of description.

Its scheme is a proprietary one (code 24 of list 27), which ``SubjectSchemeName`` names. The
attribute ``sourcename`` says that the classifier gave it, and how likely it is.
"""

from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from dustjacket.labelling.label import Label
from dustjacket.labelling.xml_records import Element, edited, elements_of, indent_before, removal
from dustjacket.sources.onix.tags import NAMES, SHORT
from dustjacket.sources.tables import TableRow

PROPRIETARY = "24"
SOURCE = "Dustjacket"
_AFTER = {
    "NameAsSubject", "nameassubject", "AudienceCode", "b073", "Audience", "audience",
    "AudienceRange", "audiencerange", "AudienceDescription", "b207", "Complexity", "complexity",
}  # fmt: skip
"""What may follow a subject in ``DescriptiveDetail``."""


@dataclass(frozen=True)
class Onix:
    """Adds subjects to products.

    Attributes:
        scheme: its name.
    """

    scheme: str

    def record(self, span: bytes, _: TableRow, label: Label) -> bytes | str:
        """Return a product with its subject; see :data:`dustjacket.labelling.spans.Patch`.

        Subjects of an earlier labelling are removed. A product of which the classifier is not sure
        gets none.
        """
        if label.answer is None:
            return span
        product = elements_of(span, 2)
        blocks = product.children if product else []
        block = next((one for one in blocks if NAMES[one.local] == "DescriptiveDetail"), None)
        if block is None:
            return "malformed_xml" if product is None else "no_descriptive_detail"
        earlier = [one for one in block.children if _is_own(one)]
        kept = [one for one in block.children if one not in earlier]
        follows = next((n for n, one in enumerate(kept) if one.local in _AFTER), len(kept))
        last = kept[follows - 1] if follows else None
        if last is None:
            return "no_descriptive_detail"
        added = b""
        if label.subject:
            added = indent_before(span, last.start) + self._subject(block, label)
        return edited(span, [*(removal(span, one) for one in earlier), (last.end, last.end, added)])

    def _subject(self, block: Element, label: Label) -> bytes:
        is_short = block.local != "DescriptiveDetail"

        def element(name: str, content: str, attributes: str = "") -> str:
            tag = block.prefix + (SHORT[name] if is_short else name)
            return f"<{tag}{attributes}>{content}</{tag}>"

        probability = label.answer.probability if label.answer else 0
        source = f"{SOURCE} {label.version}, probability {probability:.2f}"
        parts = (
            element("SubjectSchemeIdentifier", PROPRIETARY),
            element("SubjectSchemeName", escape(self.scheme)),
            element("SubjectHeadingText", escape(label.subject)),
        )
        text = element("Subject", "".join(parts), f" sourcename={quoteattr(source)}")
        return text.encode("ascii", "xmlcharrefreplace")


def _is_own(element: Element) -> bool:
    source = element.attributes.get("sourcename", "")
    return NAMES[element.local] == "Subject" and source.startswith(f"{SOURCE} ")
