"""The Studio's door in Airflow: its page for who is logged in, and the way to its process."""

import hashlib
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_view
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException

from dustjacket.settings import Settings, load_settings
from dustjacket.studio.middleware import HEADER, USER, SecurityHeadersMiddleware, crosses_sites
from dustjacket.studio.problems import install_error_handlers

PAGE = Path(__file__).parent / "page"
_MOST_BYTES = 25_000_000
_ASKED = ("accept", "content-type", "if-none-match")
_TOLD = ("content-type", "cache-control", "etag", "retry-after")
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_AWAY = "the Studio's process does not answer: look at `dustjacket status`"


def make_proxy() -> FastAPI:
    """Return the app that Airflow's API server mounts.

    It loads no model: it checks who asks, and passes the question on, with a secret, to the process
    that ``DUSTJACKET_STUDIO_URL`` names.
    """
    # Airflow's own dependency would not cover a schema or pages about it, so there are none.
    door = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(requires_access_view(AccessView.WEBSITE)), Depends(_from_our_page)],
    )
    install_error_handlers(door)
    door.add_api_route("/{path:path}", answer, methods=_METHODS)
    door.add_middleware(SecurityHeadersMiddleware)
    return door


def _from_our_page(request: Request) -> None:
    if crosses_sites(request.method, request.headers):
        raise HTTPException(403, "this needs the header X-Dustjacket, so that no other site asks")


class _Studio:
    """The connection to the Studio's process; one for each process of Airflow's."""

    def __init__(self, settings: Settings) -> None:
        if not settings.studio_url or not settings.studio_token:
            raise HTTPException(503, "no Studio is set up: set DUSTJACKET_STUDIO_URL and its token")
        self._token = settings.studio_token.get_secret_value()
        self._client = httpx.AsyncClient(
            base_url=settings.studio_url,
            headers={"Authorization": f"Bearer {self._token}", HEADER: "airflow"},
            timeout=httpx.Timeout(120, connect=3),
            limits=httpx.Limits(max_connections=100),
            trust_env=False,  # a proxy for the outside must not hear the token
        )

    def told_apart(self, user: str) -> str:
        """Return what stands for a user: enough to count requests by, and no name."""
        return hashlib.sha256(f"{self._token}{user}".encode()).hexdigest()[:16]

    async def ask(self, request: Request, path: str, user: str) -> httpx.Response:
        """Return the answer's beginning."""
        if not all(part not in ("", ".", "..") for part in path.split("/")):
            raise HTTPException(404, "there is nothing at this address")
        headers = {name: request.headers[name] for name in _ASKED if name in request.headers}
        asked = self._client.build_request(
            request.method,
            f"/{quote(path)}",
            params=request.query_params,
            headers={**headers, USER: self.told_apart(user)},
            content=await _body(request),
        )
        try:
            return await self._client.send(asked, stream=True)
        except httpx.TransportError:
            raise HTTPException(503, _AWAY, {"Retry-After": "5"}) from None


def _studio(request: Request) -> _Studio:
    state = request.app.state
    if not hasattr(state, "studio"):
        state.studio = _Studio(load_settings())
    studio: _Studio = state.studio
    return studio


async def answer(
    path: str, request: Request, user: GetUserDep, studio: Annotated[_Studio, Depends(_studio)]
) -> Response:
    """Show a file of the page, or pass the question on."""
    file = PAGE / (path or "index.html")
    if request.method in ("GET", "HEAD") and file.parent == PAGE and file.is_file():
        return FileResponse(file, headers={"Cache-Control": "no-cache"})
    told = await studio.ask(request, path, user.get_id())
    headers: dict[str, Any] = {name: told.headers[name] for name in _TOLD if name in told.headers}
    return StreamingResponse(
        told.aiter_bytes(), told.status_code, headers, background=BackgroundTask(told.aclose)
    )


async def _body(request: Request) -> bytes:
    read = bytearray()
    async for part in request.stream():
        read += part
        if len(read) > _MOST_BYTES:
            raise HTTPException(413, f"the body is too large: send at most {_MOST_BYTES:,} bytes")
    return bytes(read)
