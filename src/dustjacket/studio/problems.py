"""Errors as problem details (RFC 9457): a status and one sentence that says what to do."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from dustjacket.errors import BadInputError, CorruptVersionError, NotReadyError
from dustjacket.studio.schemas import Problem

log = logging.getLogger(__name__)

TYPE = "application/problem+json"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
SECURE: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers by which browsers run and load nothing but the Studio's own."""
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "content": {TYPE: {}}, "description": HTTPStatus(status).phrase}
    for status in (400, 401, 403, 404, 413, 422, 429, 503)
}


class BusyError(Exception):
    """More is asked for than can be answered soon."""


class UnpublishedError(NotReadyError):
    """Nothing is published to answer with.

    Attributes:
        dag: the one whose run ends this.
    """

    def __init__(self, detail: str, dag: str) -> None:
        super().__init__(detail)
        self.dag = dag


def problem(
    status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    """Return the response that tells an error."""
    told = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, **more)
    return JSONResponse(told.model_dump(), status, headers, TYPE)


def install_error_handlers(app: FastAPI) -> None:
    """Have the app tell every error as a problem."""

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    async def wrong(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "body")
        return problem(422, f"{where or 'body'}: {first['msg']}")

    @app.exception_handler(BadInputError)
    async def bad_input(_: Request, error: BadInputError) -> JSONResponse:
        return problem(422, str(error))

    @app.exception_handler(UnpublishedError)
    async def unpublished(_: Request, error: UnpublishedError) -> JSONResponse:
        return problem(503, str(error), {"Retry-After": "10"}, dag=error.dag)

    @app.exception_handler(CorruptVersionError)
    async def corrupt(_: Request, error: CorruptVersionError) -> JSONResponse:
        return problem(503, str(error))

    @app.exception_handler(NotReadyError)
    async def not_ready(_: Request, error: NotReadyError) -> JSONResponse:
        return problem(503, str(error), {"Retry-After": "5"})

    @app.exception_handler(BotoCoreError)
    @app.exception_handler(ClientError)
    async def away(_: Request, error: Exception) -> JSONResponse:
        log.warning("the object store does not answer: %s", error)
        return problem(503, "the object store does not answer", {"Retry-After": "5"})

    @app.exception_handler(BusyError)
    async def busy(_: Request, _error: BusyError) -> JSONResponse:
        return problem(
            429, "more is asked for than can be answered: try again soon", {"Retry-After": "1"}
        )

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        # This one is told outside of all that secures other answers.
        return problem(500, "this should not happen: the Studio's log says more", SECURE)
