"""MLflow's login: people's accounts, and what each role may do there.

MLflow, whose configuration names ``authenticate``, has accounts of its own for its permissions. One
is made when its person first logs in; its password is random and never used.
"""

import json
import secrets
from functools import cache
from threading import Lock

from flask import Response, g, request
from mlflow.server import auth
from werkzeug.datastructures import Authorization

from dustjacket.platform.logins import Logins, TooManyAttemptsError
from dustjacket.platform.mlflow_server import PASSWORDS
from dustjacket.settings import home

_READING_METHODS = ("GET", "HEAD", "OPTIONS")
_READING_POSTS = (
    "batchGetInfos", "calculate-filter-correlation", "get-latest-versions", "graphql", "metrics",
    "search", "search-datasets",
)  # fmt: skip
"""How the rules end that read with POST."""

_logins = Logins(home())
_lock = Lock()


def authenticate() -> Authorization | Response:
    """Return the login of the present request, or the response that refuses it.

    Admins may do everything that the server has open; all others read.
    """
    # MLflow calls this several times for a request.
    if "login" not in g:
        g.login = _authenticate()
    login: Authorization | Response = g.login
    return login


def _authenticate() -> Authorization | Response:
    login = request.authorization
    if login is None or not login.username or login.password is None:
        return _ask()
    try:
        role = _logins.role_of(login.username, login.password, _own_passwords())
    except TooManyAttemptsError as error:
        return Response(str(error), 429, {"Retry-After": str(error.retry_after_s)})
    if role is None:
        return _ask()
    _ensure_account(login.username, is_admin=role == "admin")
    if role != "admin" and not _reads():
        reason = f"{login.username} may only read here: changing needs the role admin"
        body = json.dumps({"error_code": "PERMISSION_DENIED", "message": reason})
        return Response(body, 403, mimetype="application/json")
    return login


def _ask() -> Response:
    response: Response = auth.make_basic_auth_response()
    return response


def _reads() -> bool:
    rule = request.url_rule.rule if request.url_rule else ""
    return request.method in _READING_METHODS or (
        request.method == "POST" and rule.rpartition("/")[2] in _READING_POSTS
    )


@cache
def _own_passwords() -> dict[str, str]:
    """Return the passwords of the accounts that the platform itself uses."""
    passwords: dict[str, str] = json.loads((home() / PASSWORDS).read_text())
    name, password = auth.auth_config.admin_username, auth.auth_config.admin_password
    return {name: password, **passwords} if name and password else passwords


def _ensure_account(name: str, *, is_admin: bool) -> None:
    with _lock:
        if not auth.store.has_user(name):
            auth.store.create_user(name, secrets.token_urlsafe(24), is_admin=is_admin)
        elif auth.store.get_user(name).is_admin != is_admin:
            auth.store.update_user(name, is_admin=is_admin)
