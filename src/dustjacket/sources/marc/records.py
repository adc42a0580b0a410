"""A MARC record as both of its formats give it."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MarcField:
    """A field: ``data`` of a control field, indicators and subfields of any other."""

    tag: str
    data: str = ""
    indicators: str = "  "
    subfields: tuple[tuple[str, str], ...] = ()

    def all(self, codes: str) -> list[str]:
        """Return the values, trimmed and not empty, of the subfields with one of ``codes``."""
        values = (value.strip() for code, value in self.subfields if code in codes)
        return [value for value in values if value]

    def first(self, codes: str) -> str:
        """Return the first of :meth:`all`, or an empty text."""
        return next(iter(self.all(codes)), "")


@dataclass(frozen=True, slots=True)
class MarcRecord:
    """The leader (24 characters) and the fields, in the order of the record."""

    leader: str
    fields: tuple[MarcField, ...]

    def all(self, *tags: str) -> Iterator[MarcField]:
        """Yield the fields with one of ``tags``."""
        return (field for field in self.fields if field.tag in tags)

    def control(self, tag: str) -> str:
        """Return the data of the first control field ``tag``; empty if there is none."""
        return next((field.data for field in self.all(tag)), "")
