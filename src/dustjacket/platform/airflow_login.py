"""Airflow's auth manager: people's accounts, and what each role may do.

Airflow's own one has fixed users with passwords in clear text, and lets whoever may trigger a run
also approve a promotion.
"""

from typing import Any, cast
from urllib.parse import urlsplit

from airflow.api_fastapi.app import get_auth_manager, get_cookie_path
from airflow.api_fastapi.auth.managers.base_auth_manager import (
    COOKIE_NAME_JWT_TOKEN,
    ResourceMethod,
)
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.auth.managers.simple.datamodels.login import LoginBody, LoginResponse
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import (
    SimpleAuthManager,
    SimpleAuthManagerRole,
)
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.auth.managers.simple.utils import parse_login_body
from airflow.configuration import conf
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from jwt import InvalidTokenError

from dustjacket.pipeline.families import FAMILIES
from dustjacket.platform.accounts import load_accounts
from dustjacket.platform.logins import Logins, TooManyAttemptsError
from dustjacket.platform.tokens import PREFIX, USER_PREFIX, find_token
from dustjacket.settings import home

_STATE = "account"
_logins = Logins(home())
login_routes = APIRouter()


class AccountsAuthManager(SimpleAuthManager):
    """Airflow's simple auth manager with the accounts in the platform's home.

    The users that Airflow's configuration names are the platform's own, with the passwords in
    ``simple_auth_manager_passwords_file``.
    """

    def get_fastapi_app(self) -> FastAPI:
        """Return the login page, with our routes in place of those that log in."""
        app = cast("FastAPI", super().get_fastapi_app())
        app.router.routes[:] = [
            route
            for route in app.routes
            if not str(getattr(route, "path", "")).startswith("/token")
        ]
        app.include_router(login_routes)
        return app

    def serialize_user(self, user: SimpleAuthManagerUser) -> dict[str, Any]:
        """Return the claims of a token, which is void once the account changes."""
        claims = super().serialize_user(user)
        if user.username in _own_names():
            return claims
        account = load_accounts(home()).get(user.username)
        return claims if account is None else {**claims, _STATE: account.state}

    def deserialize_user(self, token: dict[str, Any]) -> SimpleAuthManagerUser:
        """Return the user that a token names.

        Raises:
            HTTPException: the account was removed, or its role or password changed.
        """
        user = super().deserialize_user(token)
        if user.username in _own_names():
            return user
        account = load_accounts(home()).get(user.username)
        if account is None or token.get(_STATE) != account.state:
            raise HTTPException(401, "the account was changed: log in again")
        return SimpleAuthManagerUser(username=account.name, role=account.role)

    async def get_user_from_token(self, token: str) -> SimpleAuthManagerUser:
        """Return the user that a token stands for: a person, or a script that may trigger runs.

        Raises:
            InvalidTokenError: the token is void, or is one of a script without that scope.
        """
        if not token.startswith(PREFIX):
            return cast("SimpleAuthManagerUser", await super().get_user_from_token(token))
        known = find_token(home(), token)
        if known is None or "trigger" not in known.scopes:
            raise InvalidTokenError("the token is unknown, or lacks the scope 'trigger'")
        return SimpleAuthManagerUser(username=f"{USER_PREFIX}{known.name}", role="user")

    def is_authorized_dag(
        self,
        *,
        method: ResourceMethod,
        user: SimpleAuthManagerUser,
        access_entity: DagAccessEntity | None = None,
        details: DagDetails | None = None,
    ) -> bool:
        """Return whether a user may do this with a DAG, its runs or its tasks."""
        allowed = super().is_authorized_dag(
            method=method, user=user, access_entity=access_entity, details=details
        )
        if method == "GET":
            return allowed
        least = _least_role(method, access_entity, details)
        return allowed and self._is_authorized(method=method, allow_role=least, user=user)


def _least_role(
    method: ResourceMethod, entity: DagAccessEntity | None, details: DagDetails | None
) -> SimpleAuthManagerRole:
    if entity is DagAccessEntity.XCOM:  # an approval, with its author, is one
        return SimpleAuthManagerRole.ADMIN
    if (
        entity is DagAccessEntity.HITL_DETAIL
        or method == "DELETE"
        or (details and details.id in [family.rollback_dag for family in FAMILIES.values()])
    ):
        return SimpleAuthManagerRole.OP
    return SimpleAuthManagerRole.USER


def own_passwords() -> dict[str, str]:
    """Return the passwords of the platform's own accounts, by name."""
    passwords = SimpleAuthManager.get_passwords()
    return {name: passwords[name] for name in _own_names() if name in passwords}


def _own_names() -> set[str]:
    return {user.username for user in SimpleAuthManager.get_users()}


@login_routes.post("/token", status_code=201)
def create_token(
    request: Request,
    response: Response,
    body: LoginBody = Depends(parse_login_body),  # noqa: B008
) -> LoginResponse:
    """Log in, from the page or a program.

    The page's script sets the cookie ``_token`` too, but cannot replace one that it cannot read.
    """
    login = _log_in(body, "jwt_expiration_time")
    response.set_cookie(
        COOKIE_NAME_JWT_TOKEN,
        login.access_token,
        path=get_cookie_path(),
        secure=_is_https(request),
        httponly=True,
        samesite="lax",
    )
    return login


def _is_https(request: Request) -> bool:
    """Return whether browsers reach this server by HTTPS, which may end at a proxy before it."""
    public = conf.get("api", "base_url", fallback="")
    return "https" in (request.base_url.scheme, urlsplit(public).scheme)


@login_routes.post("/token/cli", status_code=201)
def create_token_cli(body: LoginBody) -> LoginResponse:
    """Log in, from Airflow's command line."""
    return _log_in(body, "jwt_cli_expiration_time")


def _log_in(body: LoginBody, expiration: str) -> LoginResponse:
    try:
        role = _logins.role_of(body.username, body.password, own_passwords())
    except TooManyAttemptsError as error:
        raise HTTPException(429, str(error), {"Retry-After": str(error.retry_after_s)}) from None
    if role is None:
        raise HTTPException(401, "Invalid credentials")
    token = get_auth_manager().generate_jwt(
        SimpleAuthManagerUser(username=body.username, role=role),
        expiration_time_in_seconds=conf.getint("api_auth", expiration),
    )
    return LoginResponse(access_token=token)
