"""Tell a header from data: only the listing of book covers by Iwana et al. (2016) has none."""

import re
from collections.abc import Sequence

from dustjacket.sources.tables import LISTING, ReadOptions, key_of

_FILE = re.compile(r"[^\s/]+\.[A-Za-z]{3,4}")
_RECORDS = 20


def is_listing(records: Sequence[Sequence[str]], options: ReadOptions) -> bool:
    """Return whether records are those of ``LISTING`` without a header, by their values.

    Args:
        records: fields of the first records.
        options: a column that the user names means that there is a header.
    """
    first = records[0]
    if len(first) != len(LISTING) or options.columns:
        return False
    if {key_of(field) for field in first} & {key_of(name) for name in LISTING}:
        return False
    if _is_listed(first):
        return True
    # The first record may be incomplete. A header has no address, and no empty field.
    has_data = any("://" in field for field in first) or not all(map(str.strip, first))
    listed = [_is_listed(record) for record in records[1:_RECORDS]]
    return has_data and sum(listed) * 2 > len(listed)


def _is_listed(fields: Sequence[str]) -> bool:
    """Return whether fields look like an identifier, a file, an address, …, a number, a genre."""
    if len(fields) != len(LISTING):
        return False
    identifier, file, address, _, _, number, _ = map(str.strip, fields)
    fits = (
        not re.search(r"\s", identifier),
        not file or _FILE.fullmatch(file) is not None,
        not address or "://" in address,
        not number or number.isdigit(),
    )
    return all(fits) and sum(map(bool, (file, address, number))) > 1
