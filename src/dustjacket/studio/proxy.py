"""The proxy inside Airflow: serves the page to logged-in users, forwards the API to the Studio."""

import asyncio
import hashlib
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import (
    AccessView,
    DagAccessEntity,
    DagDetails,
)
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_view
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import FileResponse, RedirectResponse, StreamingResponse
from starlette.background import BackgroundTask
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from dustjacket.platform.tokens import USER_PREFIX, bearer_of, refusal_of
from dustjacket.settings import Settings, home, load_settings
from dustjacket.studio.middleware import (
    CSRF_DETAIL,
    CSRF_HEADER,
    PERSON_HEADER,
    USER_HEADER,
    SecurityHeadersMiddleware,
    may_be_cross_site,
)
from dustjacket.studio.problems import install_error_handlers, problem_response

PAGE = Path(__file__).parent / "page"
REVIEW = "review"
"""The path of decisions, which are kept with the name of who made them."""
_STUDIO = "../plugin/studio"  # in Airflow, which asks for the login
_MAX_BYTES = 25_000_000
_REQUEST_HEADERS = ("accept", "content-type", "if-none-match")
_RESPONSE_HEADERS = (
    "content-type", "content-disposition", "cache-control", "etag", "retry-after",
)  # fmt: skip
_CONNECT_TIMEOUT_S, _HEALTH_TIMEOUT_S = 3.0, 10.0
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def make_proxy() -> FastAPI:
    """Return the app that Airflow's API server mounts.

    It loads no model. It checks that the user may see Airflow's pages, and forwards requests, with
    a secret token, to the process at ``DUSTJACKET_STUDIO_URL``.
    """
    # FastAPI does not apply the dependencies to its schema and documentation pages, so they are
    # turned off.
    proxy = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[
            Depends(requires_access_view(AccessView.WEBSITE)),
            Depends(_refuse_cross_site),
        ],
    )
    install_error_handlers(proxy)
    lead_to_login(proxy)
    proxy.add_api_route("/{path:path}", forward, methods=_METHODS)
    proxy.add_middleware(NamedTokenMiddleware, scripts=_app_for_scripts())
    proxy.add_middleware(SecurityHeadersMiddleware)
    return proxy


class NamedTokenMiddleware:
    """Passes requests with a named token to an app without accounts, if their scope allows it."""

    def __init__(self, app: ASGIApp, scripts: ASGIApp) -> None:
        self._app, self._scripts = app, scripts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        named = scope["type"] == "http" and bearer_of(Headers(scope=scope).get("authorization", ""))
        if not named:
            return await self._app(scope, receive, send)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if refused := refusal_of(home(), named, scope["method"], path):
            return await problem_response(*refused)(scope, receive, send)
        return await self._scripts(scope, receive, send)


def _app_for_scripts() -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    install_error_handlers(app)
    app.add_api_route("/{path:path}", forward_script, methods=_METHODS)
    return app


def lead_to_login(app: FastAPI) -> None:
    """Lead a person who opens a page logged out to the login, and from there to the Studio.

    The page inside Airflow is left as it is: its outer page leads to the login.
    """

    @app.exception_handler(401)
    async def logged_out(request: Request, error: HTTPException) -> Response:
        is_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
        if is_page and request.headers.get("sec-fetch-dest") != "iframe":
            return RedirectResponse(_STUDIO, 303)
        return problem_response(401, str(error.detail), error.headers)


def _refuse_cross_site(request: Request) -> None:
    if may_be_cross_site(request.method, request.headers):
        raise HTTPException(403, CSRF_DETAIL)


class StudioClient:
    """The connections from one process of Airflow to the Studio's process."""

    def __init__(self, settings: Settings) -> None:
        """Prepare the client.

        Raises:
            HTTPException: with status 503, if no Studio is configured.
        """
        token = settings.studio_proxy_token or settings.studio_token
        if not settings.studio_url or not token:
            raise HTTPException(
                503,
                "no Studio is configured: set DUSTJACKET_STUDIO_URL and "
                "DUSTJACKET_STUDIO_PROXY_TOKEN",
            )
        self._token = token.get_secret_value()
        self._client = httpx.AsyncClient(
            base_url=settings.studio_url,
            headers={"Authorization": f"Bearer {self._token}", CSRF_HEADER: "airflow"},
            timeout=httpx.Timeout(120, connect=_CONNECT_TIMEOUT_S),
            limits=httpx.Limits(max_connections=100),
            trust_env=False,  # an HTTP proxy of the environment would see the token
        )
        # Connections of its own: those above may all be waiting for answers.
        self._health_client = httpx.AsyncClient(
            base_url=settings.studio_url, timeout=_HEALTH_TIMEOUT_S, trust_env=False
        )
        self._health_check: asyncio.Task[bool] | None = None

    def pseudonym(self, user: str) -> str:
        """Return an id by which a user's requests can be counted, but which is not the name."""
        return hashlib.sha256(f"{self._token}{user}".encode()).hexdigest()[:16]

    async def send(
        self, request: Request, path: str, user: str, person: str = ""
    ) -> httpx.Response:
        """Forward a request and return the response, whose body is not read yet.

        Args:
            user: id of the user, of whom the Studio sees a pseudonym.
            person: name of the user for the record of a decision; empty: it is not sent.

        Raises:
            HTTPException: with status 404 for a path that is not plain, 413 for a body that is too
                large, 429 if the Studio is too busy, and 503 if it does not answer.
        """
        if not all(part not in ("", ".", "..") for part in path.split("/")):
            raise HTTPException(404, "there is nothing at this address")
        headers = {
            name: value
            for name in _REQUEST_HEADERS
            # Other bytes cannot be sent on; no header of these needs them.
            if (value := request.headers.get(name, "")).isascii() and value.isprintable() and value
        }
        forwarded = self._client.build_request(
            request.method,
            f"/{quote(path)}",
            params=request.query_params,
            headers={
                **headers,
                USER_HEADER: self.pseudonym(user),
                **({PERSON_HEADER: quote(person)} if person else {}),
            },
            content=await _body(request),
        )
        try:
            return await self._client.send(forwarded, stream=True)
        except httpx.TransportError as error:
            waited = isinstance(error, httpx.PoolTimeout | httpx.ConnectTimeout)
            if waited and await self._is_healthy():
                raise HTTPException(
                    429, "too many requests: try again soon", {"Retry-After": "1"}
                ) from None
            raise HTTPException(
                503,
                "the Studio's process does not answer: see `dustjacket status`",
                {"Retry-After": "5"},
            ) from None

    async def _is_healthy(self) -> bool:
        """Return whether the Studio answers; requests that wait at once share one check."""
        if self._health_check is None or self._health_check.done():
            self._health_check = asyncio.create_task(self._check_health())
        return await asyncio.shield(self._health_check)

    async def _check_health(self) -> bool:
        try:
            return (await self._health_client.get("/health")).is_success
        except httpx.TransportError:
            return False


def _client(request: Request) -> StudioClient:
    state = request.app.state
    if not hasattr(state, "client"):
        state.client = StudioClient(load_settings())
    client: StudioClient = state.client
    return client


async def forward(
    path: str,
    request: Request,
    user: GetUserDep,
    client: Annotated[StudioClient, Depends(_client)],
) -> Response:
    """Return a file of the page, or the Studio's response."""
    if user.get_name().startswith(USER_PREFIX):  # by a cookie, whose scopes nothing has checked
        raise HTTPException(403, "send a script's token in the header Authorization: Bearer")
    file = PAGE / (path or "index.html")
    if request.method in ("GET", "HEAD") and file.parent == PAGE and file.is_file():
        return FileResponse(file, headers={"Cache-Control": "no-cache"})
    person = ""
    if path == REVIEW and request.method not in ("GET", "HEAD"):
        if not _may_decide(user):
            raise HTTPException(403, "a decision needs an account that may start ingest_catalog")
        person = user.get_name()
    return _streamed(await client.send(request, path, user.get_id(), person))


async def forward_script(
    path: str, request: Request, client: Annotated[StudioClient, Depends(_client)]
) -> Response:
    """Return the Studio's response to a script, whose token was checked."""
    token = bearer_of(request.headers["authorization"]) or ""
    return _streamed(await client.send(request, path, token))


def _streamed(response: httpx.Response) -> Response:
    headers: dict[str, Any] = {
        name: response.headers[name] for name in _RESPONSE_HEADERS if name in response.headers
    }
    return StreamingResponse(
        response.aiter_bytes(),
        response.status_code,
        headers,
        background=BackgroundTask(response.aclose),
    )


def _may_decide(user: BaseUser) -> bool:
    """Return whether a user may start the DAG that reads corrections."""
    return get_auth_manager().is_authorized_dag(
        method="POST",
        access_entity=DagAccessEntity.RUN,
        details=DagDetails(id="ingest_catalog"),
        user=user,
    )


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MAX_BYTES:
            raise HTTPException(413, f"the body is too large: send at most {_MAX_BYTES:,} bytes")
    return bytes(body)
