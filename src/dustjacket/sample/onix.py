"""Write books as a message of ONIX for Books 3."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from dustjacket.records.dates import alpha3_of
from dustjacket.sources.onix.codes import ROLES, SCHEMES, WORK_SCHEMES
from dustjacket.sources.onix.deltas import BLOCK_UPDATE, DELETE, NEW, RESERVATION, UPDATE
from dustjacket.sources.onix.tags import SHORT

Book = Mapping[str, Any]

_SENDER = "Dustjacket Sample Library"
_SENT = datetime(2026, 1, 1, tzinfo=UTC)
_ROOT = {False: "ONIXMessage", True: "ONIXmessage"}
_SCHEMES = {scheme: code for code, scheme in reversed(SCHEMES.items())}
_WORK_TYPES = {scheme: code for code, scheme in reversed(WORK_SCHEMES.items())}
_NOTIFICATIONS = {NEW: "03", UPDATE: "03", BLOCK_UPDATE: "04", DELETE: "05"}
_DATE_FORMS = {4: "05", 6: "01", 8: "00"}
_STATUSES = {"reserved": "03", "allowed": "01"}
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_onix(
    file: Path,
    books: Iterable[Book],
    *,
    short: bool = False,
    release: str = "3.1",
    encoding: str = "utf-8",
    sent: datetime = _SENT,
) -> None:
    """Write books as one message. Memory does not grow with their number.

    Args:
        books: values by canonical name, as rows of :mod:`dustjacket.sources.onix` have them. A
            book without ``record_id`` gets its number. Characters that XML forbids become U+FFFD.
            A block update has the blocks of the fields that are there.
        short: whether to write short tags.
    """
    root = _ROOT[short]
    names = f"http://ns.editeur.org/onix/{release}/{'short' if short else 'reference'}"
    write = _Writer(short)
    with file.open("w", encoding=encoding, errors="xmlcharrefreplace", newline="\n") as out:
        out.write(f'<?xml version="1.0" encoding="{encoding}"?>\n')
        out.write(f'<{root} release="{release}" xmlns="{names}">\n')
        sender = write.element("Sender", write.text("SenderName", _SENDER))
        time = write.text("SentDateTime", f"{sent:%Y%m%dT%H%M%SZ}")
        out.write(write.element("Header", sender, time) + "\n")
        for number, book in enumerate(books):
            out.write(write.product({"record_id": f"sample.{number}", **book}) + "\n")
        out.write(f"</{root}>\n")


class _Writer:
    """Writes elements by their reference names; without content they are left out."""

    def __init__(self, short: bool) -> None:
        self._tags = SHORT if short else {name: name for name in SHORT}

    def text(self, name: str, text: object, attributes: str = "") -> str:
        if text is None or text == "":
            return ""
        tag = self._tags[name]
        # The schemas want text on one line, except in descriptions.
        line = str(text) if name == "Text" else " ".join(str(text).splitlines())
        written = escape(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", line))
        return f"<{tag}{attributes}>{written}</{tag}>"

    def element(self, name: str, *elements: str) -> str:
        inner = "".join(elements)
        tag = self._tags[name]
        return f"<{tag}>{inner}</{tag}>" if inner else ""

    def product(self, book: Book) -> str:
        notification = book.get("notification") or NEW
        isbns = book.get("isbn") or ()
        blocks = () if notification == DELETE else (
            self._descriptive(book), self._collateral(book), self._publishing(book),
            self._related(book), self._supply(book),
        )  # fmt: skip
        return self.element(
            "Product",
            self.text("RecordReference", book["record_id"]),
            self.text("NotificationType", _NOTIFICATIONS[notification]),
            *map(self._isbn, [isbns] if isinstance(isbns, str) else isbns),
            # The schemas want an identifier beside the reference.
            "" if isbns else self._own_identifier(book["record_id"]),
            *blocks,
        )

    def _isbn(self, isbn: str) -> str:
        kind = self.text("ProductIDType", "02" if len(isbn) == 10 else "15")
        return self.element("ProductIdentifier", kind, self.text("IDValue", isbn))

    def _own_identifier(self, record_id: str) -> str:
        return self.element(
            "ProductIdentifier",
            self.text("ProductIDType", "01"),
            self.text("IDTypeName", _SENDER),
            self.text("IDValue", record_id),
        )

    def _descriptive(self, book: Book) -> str:
        if "title" not in book:
            return ""
        title = self.element(
            "TitleElement",
            self.text("TitleElementLevel", "01"),
            self.text("TitleText", book["title"]),
            self.text("Subtitle", book.get("subtitle")),
        )
        status = _STATUSES.get(book.get(RESERVATION) or "")
        return self.element(
            "DescriptiveDetail",
            self.text("ProductComposition", "00"),
            self.text("ProductForm", "BB"),
            (status and self._reservation(status)) or "",
            self.element("TitleDetail", self.text("TitleType", "01"), title),
            *map(self._contributor, *_numbered(book.get("contributors") or ())),
            self.text("ContributorStatement", book.get("author")),
            self._language(book),
            *map(self._subject, book.get("subjects") or ()),
        )

    def _reservation(self, status: str) -> str:
        return self.element(
            "EpubUsageConstraint",
            self.text("EpubUsageType", "11"),
            self.text("EpubUsageStatus", status),
        )

    def _language(self, book: Book) -> str:
        code = self.text("LanguageCode", alpha3_of(book.get("language") or ""))
        return code and self.element("Language", self.text("LanguageRole", "01"), code)

    def _contributor(self, number: int, contributor: Book) -> str:
        return self.element(
            "Contributor",
            self.text("SequenceNumber", number),
            self.text("ContributorRole", ROLES.get(contributor["role"], "Z99")),
            self.text("PersonName", contributor["name"]),
        )

    def _subject(self, subject: Book) -> str:
        scheme = subject["scheme"]
        return self.element(
            "Subject",
            f"<{self._tags['MainSubject']}/>" if subject.get("main") else "",
            self.text("SubjectSchemeIdentifier", _SCHEMES.get(scheme, scheme)),
            self.text("SubjectCode", subject.get("code")),
            self.text("SubjectHeadingText", subject.get("heading")),
        )

    def _collateral(self, book: Book) -> str:
        description = self.text("Text", book.get("description"), ' textformat="05"')
        link = self.text("ResourceLink", book.get("image"))
        return self.element(
            "CollateralDetail",
            description
            and self.element(
                "TextContent",
                self.text("TextType", "03"),
                self.text("ContentAudience", "00"),
                description,
            ),
            link
            and self.element(
                "SupportingResource",
                self.text("ResourceContentType", "01"),
                self.text("ContentAudience", "00"),
                self.text("ResourceMode", "03"),
                self.element("ResourceVersion", self.text("ResourceForm", "02"), link),
            ),
        )

    def _publishing(self, book: Book) -> str:
        digits = str(book.get("published") or "").replace("-", "")
        form = _DATE_FORMS.get(len(digits), "12")
        publisher = self.text("PublisherName", book.get("publisher"))
        date = self.text("Date", digits, f' dateformat="{form}"')
        return self.element(
            "PublishingDetail",
            publisher and self.element("Publisher", self.text("PublishingRole", "01"), publisher),
            date and self.element("PublishingDate", self.text("PublishingDateRole", "01"), date),
        )

    def _related(self, book: Book) -> str:
        scheme, _, number = (book.get("work_id") or "").partition(":")
        if not number:
            return ""
        known = _WORK_TYPES.get(scheme)
        work = self.element(
            "WorkIdentifier",
            self.text("WorkIDType", known or "01"),
            self.text("IDTypeName", "" if known else scheme),
            self.text("IDValue", number),
        )
        relation = self.text("WorkRelationCode", "01")
        return self.element("RelatedMaterial", self.element("RelatedWork", relation, work))

    def _supply(self, book: Book) -> str:
        if book.get("notification") == BLOCK_UPDATE:
            return ""
        supplier = self.element(
            "Supplier", self.text("SupplierRole", "01"), self.text("SupplierName", _SENDER)
        )
        price = self.element(
            "Price",
            self.text("PriceType", "02"),
            self.text("PriceAmount", "12.50"),
            self.text("CurrencyCode", "EUR"),
        )
        available = self.text("ProductAvailability", "20")
        territory = self.element("Territory", self.text("RegionsIncluded", "WORLD"))
        return self.element(
            "ProductSupply",
            self.element("Market", territory),
            self.element("SupplyDetail", supplier, available, price),
        )


def _numbered(contributors: Sequence[Book]) -> tuple[Iterable[int], Sequence[Book]]:
    return range(1, len(contributors) + 1), contributors
