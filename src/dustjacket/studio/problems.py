"""Errors as problem details (RFC 9457): a status, and one sentence that says what to do."""

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

MEDIA_TYPE = "application/problem+json"
UNEXPECTED: Final = "unexpected error: see the Studio's log"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers that make browsers run and load only the Studio's own files."""
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "model": Problem,
        "content": {MEDIA_TYPE: {}},
        "description": HTTPStatus(status).phrase,
    }
    for status in (400, 401, 403, 404, 413, 422, 429, 503)
}


class BusyError(Exception):
    """Too many queries wait for a model."""


class UnpublishedError(NotReadyError):
    """No model of the needed kind is published yet.

    Attributes:
        dag: the DAG to run first.
    """

    def __init__(self, detail: str, dag: str) -> None:
        super().__init__(detail)
        self.dag = dag


def problem_response(
    status: int, detail: str, headers: Mapping[str, str] | None = None, **extensions: Any
) -> JSONResponse:
    """Return an error as a response."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, **extensions)
    return JSONResponse(body.model_dump(), status, headers, MEDIA_TYPE)


_SENTENCES = {
    "missing": "{field} is missing",
    "string_too_short": "{field} is empty",
    "string_too_long": "{field} has more than {max_length} characters",
    "string_type": "{field} must be text",
    "extra_forbidden": "{field} is no field of this request",
    "greater_than_equal": "{field} is too small: give {ge} or more",
    "less_than_equal": "{field} is too large: give {le} or less",
    "literal_error": "{field} must be {expected}",
    "int_type": "{field} must be a whole number",
    "int_parsing": "{field} must be a whole number",
    "too_long": "{field} has too many items: give at most {max_length}",
    "json_invalid": "the body is no JSON: {error}",
    "model_attributes_type": "{field} must be a JSON object",
    "model_type": "{field} must be a JSON object",
}


def _sentence(error: Mapping[str, Any]) -> str:
    """Return an error of pydantic in our words, or in its own where we have none."""
    field = ".".join(str(part) for part in error["loc"] if part != "body") or "the body"
    sentence = _SENTENCES.get(error["type"])
    if sentence is None:
        return f"{field}: {str(error['msg']).removeprefix('Value error, ')}"
    return sentence.format(field=field, **error.get("ctx", {}))


def install_error_handlers(app: FastAPI) -> None:
    """Make the app report every error as problem details."""

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> JSONResponse:
        return problem_response(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid_request(_: Request, error: RequestValidationError) -> JSONResponse:
        return problem_response(422, _sentence(error.errors()[0]))

    @app.exception_handler(BadInputError)
    async def bad_input(_: Request, error: BadInputError) -> JSONResponse:
        return problem_response(422, str(error))

    @app.exception_handler(UnpublishedError)
    async def unpublished(_: Request, error: UnpublishedError) -> JSONResponse:
        return problem_response(503, str(error), {"Retry-After": "10"}, dag=error.dag)

    @app.exception_handler(CorruptVersionError)
    async def corrupt_version(_: Request, error: CorruptVersionError) -> JSONResponse:
        return problem_response(503, str(error))

    @app.exception_handler(NotReadyError)
    async def not_ready(_: Request, error: NotReadyError) -> JSONResponse:
        return problem_response(503, str(error), {"Retry-After": "5"})

    @app.exception_handler(BotoCoreError)
    @app.exception_handler(ClientError)
    async def storage_unavailable(_: Request, error: Exception) -> JSONResponse:
        log.warning("the object store does not answer: %s", error)
        return problem_response(503, "the object store does not answer", {"Retry-After": "5"})

    @app.exception_handler(BusyError)
    async def busy(_: Request, _error: BusyError) -> JSONResponse:
        return problem_response(429, "too many requests: try again soon", {"Retry-After": "1"})

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        # Starlette sends this response outside all middleware, so it brings the headers itself.
        return problem_response(500, UNEXPECTED, SECURITY_HEADERS)
