"""Named tokens of scripts: what each may do, and their hashes, in a private file of the home.

Airflow and the Studio read the file at each request, so a token that is removed is void at once. A
token is random and long: a plain hash of it says nothing, unlike that of a password.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from dustjacket.errors import BadInputError
from dustjacket.platform.private_records import PrivateRecords

FILE = "tokens.json"
PREFIX = "dj_"
"""How every token begins: other bearer tokens are not looked up."""
USER_PREFIX = "token:"
"""How the name of a script in Airflow begins; no person's name has a colon."""
Scope = Literal["ask", "create", "trigger"]
"""Ask the Studio; have covers made; read Airflow and trigger runs, as the role ``user`` may."""
_NAME = r"(?!.*__)[a-z0-9][a-z0-9._-]{0,63}"
_QUESTIONS = (
    "/genre", "/genre/why", "/genre/batch", "/genre/batch/xlsx", "/covers/search", "/match",
    "/picture", "/compare",
)  # fmt: skip
_CREATE = "/create"
_ANNIF = "/v1/"


class NamedToken(BaseModel):
    """A token, without itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str
    scopes: tuple[Scope, ...]
    sha256: str
    created_at: datetime


class _TokensFile(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    format: Literal[1] = 1
    tokens: list[NamedToken] = []


_RECORDS: PrivateRecords[NamedToken] = PrivateRecords(
    FILE, _TokensFile, "tokens", "delete it, and add each token again"
)
load_tokens, change_tokens = _RECORDS.load, _RECORDS.change


def new_token(name: str, scopes: Iterable[str]) -> tuple[NamedToken, str]:
    """Return a new token's record, and the token, which is nowhere else.

    Raises:
        BadInputError: the name or a scope is not allowed.
    """
    if not re.fullmatch(_NAME, name):
        raise BadInputError(
            f"{name!r} is no name of a token: use up to 64 of a-z, 0-9, '.', '_' and '-', "
            "beginning with a letter or digit, without '__'"
        )
    chosen = tuple(dict.fromkeys(scopes))
    unknown = [scope for scope in chosen if scope not in get_args(Scope)]
    if unknown or not chosen:
        wrong = f"{unknown[0]!r} is no scope" if unknown else "a token needs a scope"
        raise BadInputError(f"{wrong}: choose of {', '.join(get_args(Scope))}")
    token = PREFIX + secrets.token_urlsafe(32)
    record = {"name": name, "scopes": chosen, "sha256": _digest(token)}
    return NamedToken.model_validate({**record, "created_at": datetime.now(UTC)}), token


def bearer_of(authorization: str) -> str | None:
    """Return the named token in an Authorization header, or None if it has none."""
    scheme, _, token = authorization.strip().partition(" ")
    token = token.strip()  # as FastAPI reads it
    return token if scheme.lower() == "bearer" and token.startswith(PREFIX) else None


def find_token(home: Path, token: str) -> NamedToken | None:
    """Return the record of a token, or None if it is unknown or was removed."""
    digest = _digest(token)
    return next((each for each in load_tokens(home).values() if each.sha256 == digest), None)


def scope_of(method: str, path: str) -> Scope | None:
    """Return the scope that a request to the Studio needs; None: no token may send it."""
    if path == _CREATE or path.startswith(f"{_CREATE}/"):
        return "create"
    asks = method in ("GET", "HEAD") or path in _QUESTIONS or path.startswith(_ANNIF)
    return "ask" if asks and not path.startswith("/review") else None


def refusal_of(home: Path, token: str, method: str, path: str) -> tuple[int, str] | None:
    """Return the status and the reason for which a token's request is refused, or None."""
    known = find_token(home, token)
    if known is None:
        return 401, "the token is unknown or was removed: see `dustjacket tokens list`"
    needed = scope_of(method, path)
    if needed is None:
        return 403, "no token may do this: log in as a person"
    if needed not in known.scopes:
        return 403, f"the token {known.name!r} lacks the scope {needed!r}"
    return None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
