"""Accounts of people: names, roles and hashed passwords, in a private file of the home.

Airflow and MLflow read the file at each login (:mod:`dustjacket.platform.logins`), so a change
applies at once, without a restart.
"""

import hashlib
import re
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field
from werkzeug.security import generate_password_hash

from dustjacket.errors import BadInputError
from dustjacket.platform.private_records import PrivateRecords

FILE = "users.json"
FORMAT: Literal[1] = 1
Role = Literal["viewer", "user", "op", "admin"]
"""Least first: look and ask the Studio; also trigger runs; also approve, roll back and set
variables; everything."""

# No upper case, so that no two names look alike. No ':', which ends the name in an HTTP login. No
# '__', which every id of a run has: in the ledger, a run is never taken for a person.
_NAME = r"(?!.*__)[a-z0-9][a-z0-9._@-]{0,63}"
_MIN_LENGTH, _MAX_LENGTH = 12, 256


class Account(BaseModel):
    """The account of one person."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str
    role: Role
    password_hash: str = Field(description="in the format of werkzeug, with its salt")

    @property
    def state(self) -> str:
        """A digest of role and password: a token that was made in another state is void."""
        return hashlib.sha256(f"{self.role}:{self.password_hash}".encode()).hexdigest()[:16]


class _AccountsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    format: Literal[1] = FORMAT
    accounts: list[Account] = []


_RECORDS: PrivateRecords[Account] = PrivateRecords(
    FILE, _AccountsFile, "accounts", "restore it, or delete it and add each account again"
)
load_accounts, change_accounts = _RECORDS.load, _RECORDS.change


def new_account(name: str, role: str, password: str) -> Account:
    """Return an account with a hash of the password.

    Raises:
        BadInputError: the name, the role or the password is not allowed.
    """
    if role not in get_args(Role):
        raise BadInputError(f"{role!r} is no role: choose {', '.join(get_args(Role))}")
    if not re.fullmatch(_NAME, name):
        raise BadInputError(
            f"{name!r} is no name of an account: use up to 64 of a-z, 0-9, '.', '_', '@' and '-', "
            "beginning with a letter or digit, without '__'"
        )
    if not _MIN_LENGTH <= len(password) <= _MAX_LENGTH or not password.isprintable():
        raise BadInputError(
            f"the password must have {_MIN_LENGTH} to {_MAX_LENGTH} printable characters"
        )
    return Account.model_validate(
        {"name": name, "role": role, "password_hash": generate_password_hash(password)}
    )
