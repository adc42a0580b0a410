"""A check of the SQLite databases before servers open them, which report damage in many ways."""

import sqlite3
from contextlib import closing
from pathlib import Path

from dustjacket.errors import DustjacketError

_WAIT_S = 60.0


def check_databases(folder: Path) -> None:
    """Check every database of the state folder ``folder``.

    Raises:
        DustjacketError: one is damaged or cannot be read; the message names its file.
    """
    for file in sorted([*folder.glob("*.db"), *folder.glob("airflow/*.db")]):
        try:
            with closing(sqlite3.connect(file, timeout=_WAIT_S)) as database:
                (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
            reason = "" if found == "ok" else f"database disk image is malformed: {found}"
        except sqlite3.Error as error:
            reason = str(error)
        if reason:
            raise DustjacketError(
                f"the database {file} cannot be used: {' '.join(reason.split())}; stop what uses "
                "it, restore it from a backup, or move it away to begin without its content"
            )
