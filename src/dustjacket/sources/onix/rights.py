"""Reservations of text and data mining in a product of ONIX."""

from lxml import etree

from dustjacket.sources.onix.elements import fields_of, text_of
from dustjacket.sources.onix.tags import NAMES

_MINING, _UNLIMITED = "11", "01"
_CONSTRAINTS = ("EpubUsageConstraint", "PriceConstraint")
_POLICIES = tuple(map(str, range(20, 30)))
"""Types of licence expressions (list 218) that state a policy of TDMRep."""


def may_reserve(raw: bytes) -> bool:
    """Return whether a product, by its bytes, can say anything of text and data mining."""
    return b"onstraint" in raw or b"icense" in raw


def reservation_of(product: etree._Element) -> str | None:
    """Return what a product says of text and data mining: ``reserved``, ``allowed`` or None.

    A usage constraint (list 145) or price constraint (list 230) of type 11 reserves it, unless its
    status is 01 (unlimited). One reservation among several constraints counts. An expression of a
    licence as a policy of TDMRep (list 218, from code 20) reserves it unless a constraint permits
    it, because policies are not fetched.
    """
    statuses, has_policy = [], False
    for element in product.iter("{*}*"):
        name = NAMES[element.tag]
        if name in _CONSTRAINTS:
            parts = fields_of(element)
            if _MINING in {parts.get("EpubUsageType"), parts.get("PriceConstraintType")}:
                statuses.append(parts.get("PriceConstraintStatus") or parts.get("EpubUsageStatus"))
        elif name == "EpubLicenseExpressionType" and text_of(element) in _POLICIES:
            has_policy = True
    if statuses:
        return "allowed" if set(statuses) == {_UNLIMITED} else "reserved"
    return "reserved" if has_policy else None
