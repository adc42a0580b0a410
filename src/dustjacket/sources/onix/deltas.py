"""Apply later records of a feed to earlier ones.

Records of one ``record_id`` are applied in the order of the time at which their message was sent,
then of their file's name, then of their position. A later record replaces an earlier one; a block
update replaces only the fields of the blocks that it holds; a delete removes the record.
"""

from collections.abc import Mapping
from typing import Any

NEW, UPDATE, BLOCK_UPDATE, DELETE = "new", "update", "block_update", "delete"
RESERVATION = "text_and_data_mining"
WITHOUT_RECORD = "update_without_record"
"""Reason of a block update of a record that is not there, if it has no title."""


def merged(earlier: Mapping[str, Any] | None, later: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a record after a later one of the same ``record_id``.

    A reservation of text and data mining stays until a record permits it or replaces the whole: a
    block update may leave out the block that holds it.

    Args:
        earlier: values of the record so far; None: there is none, or it was deleted.
        later: values; those of a block update hold each field of their blocks, and no other.
    """
    if earlier is None or later.get("notification") != BLOCK_UPDATE:
        return dict(later)
    record = {**earlier, **later, "notification": UPDATE}
    if earlier.get("notification") == DELETE:
        record["notification"] = DELETE
    if not later.get(RESERVATION) and earlier.get(RESERVATION):
        record[RESERVATION] = earlier[RESERVATION]
    return record


def applied(latest: dict[str, dict[str, Any]], values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values of a record after a later one, and keep them in ``latest``.

    Args:
        latest: by ``record_id``; without descriptions, which take most of the memory.
        values: of the later record.
    """
    identity = values.get("record_id")
    if not isinstance(identity, str) or isinstance(values.get("image"), bytes):
        return values
    record = merged(latest.get(identity), values)
    latest[identity] = {name: value for name, value in record.items() if name != "description"}
    return record


def order_of(values: Mapping[str, Any], file: str, position: int) -> tuple[str, str, int]:
    """Return a key that sorts the records of a feed in the order in which they apply."""
    return (values.get("sent") or "", file, position)
