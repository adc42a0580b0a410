"""The Studio's app: the page, the API, and the middleware around them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.formparsers import MultiPartParser
from starlette.middleware.trustedhost import TrustedHostMiddleware

from dustjacket.clip.match_input import MAX_PROMPT_LENGTH
from dustjacket.settings import Settings
from dustjacket.studio.annif_routes import (
    MAX_DOCUMENTS,
    MAX_TEXT_BYTES,
    SUGGEST,
    SUGGEST_BATCH,
    annif_routes,
)
from dustjacket.studio.app_state import AppState
from dustjacket.studio.compare_routes import compare_routes
from dustjacket.studio.create_routes import OWN_ART, create_routes
from dustjacket.studio.metrics import MetricsMiddleware
from dustjacket.studio.middleware import (
    AuthMiddleware,
    BodyLimitMiddleware,
    RateLimitMiddleware,
    SecurityHeadersMiddleware,
)
from dustjacket.studio.pair_routes import pair_routes
from dustjacket.studio.picture_routes import PICTURE, picture_routes
from dustjacket.studio.problems import install_error_handlers
from dustjacket.studio.review_routes import review_routes
from dustjacket.studio.routes import LIMITS, info_routes, query_routes

PAGE = Path(__file__).parent / "page"
LOOPBACK_HOSTS = ("127.0.0.1", "localhost")
_REFRESH_S = 5.0
_BYTES_PER_CHAR = 4  # at most, in UTF-8
_MATCH_BYTES = LIMITS.image_bytes + LIMITS.prompts * MAX_PROMPT_LENGTH * _BYTES_PER_CHAR
# Uploaded pictures stay in memory; larger ones than this would be written to a temporary file.
MultiPartParser.spool_max_size = _MATCH_BYTES


def create_app(
    settings: Settings,
    token: str | None,
    proxy_token: str | None = None,
    refresh_s: float = _REFRESH_S,
) -> FastAPI:
    """Return the Studio's app.

    Args:
        settings: where the published versions are, and the Studio's own settings.
        token: the token that callers must send; if both tokens are None, every caller on this
            machine is accepted.
        proxy_token: the token of Airflow's proxy, which also names the user.
        refresh_s: seconds between two checks for newly published versions.
    """
    state = AppState(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with state.running(refresh_s):
            yield

    app = FastAPI(
        title="Dustjacket Studio",
        description="Genres, covers and new concepts for titles; genres and titles for covers.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.studio = state
    install_error_handlers(app)
    app.include_router(query_routes)
    app.include_router(info_routes)
    app.include_router(picture_routes)
    app.include_router(compare_routes)
    app.include_router(create_routes)
    app.include_router(pair_routes)
    app.include_router(review_routes)
    app.include_router(annif_routes)
    app.mount("/", StaticFiles(directory=PAGE, html=True))
    # A request passes the middleware that is added last first.
    app.add_middleware(
        BodyLimitMiddleware,
        large={
            "/match": _MATCH_BYTES,
            PICTURE: _MATCH_BYTES,
            OWN_ART: _MATCH_BYTES,
            "/genre/batch": LIMITS.batch_bytes,
            "/genre/batch/xlsx": LIMITS.batch_bytes,
            SUGGEST: MAX_TEXT_BYTES,
            SUGGEST_BATCH: MAX_DOCUMENTS * MAX_TEXT_BYTES,
        },
    )
    app.add_middleware(RateLimitMiddleware, rate=settings.studio_rate)
    app.add_middleware(AuthMiddleware, token=token, proxy_token=proxy_token, home=settings.home)
    if token is None and proxy_token is None:
        # Protects against DNS rebinding: a page of another site whose name resolves to loopback.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK_HOSTS])
    app.add_middleware(MetricsMiddleware, metrics=state.metrics)
    app.add_middleware(SecurityHeadersMiddleware)
    return app
