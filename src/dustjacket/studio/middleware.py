"""Middleware that protects the Studio: authentication, sizes, rates, and browser headers."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dustjacket.errors import BadInputError
from dustjacket.platform.tokens import bearer_of, refusal_of
from dustjacket.studio.problems import SECURITY_HEADERS, problem_response

CSRF_HEADER: Final = "x-dustjacket"
"""A page of another site cannot make a browser send this header with the user's cookie."""
CSRF_DETAIL: Final = "the header X-Dustjacket is missing: it protects against cross-site requests"
USER_HEADER: Final = "x-dustjacket-user"
"""The proxy in Airflow sets this header to a pseudonym of the logged-in user.

:class:`AuthMiddleware` removes it from every other request, so what it says is true.
"""
PERSON_HEADER: Final = "x-dustjacket-person"
"""The proxy sets this header to the name of the logged-in user where a decision needs one.

:class:`AuthMiddleware` removes it like the one above.
"""
ANNIF_PREFIX: Final = "/v1/"
"""Addresses of Annif's API: its clients know no header of ours, and its requests change nothing."""
_PUBLIC_PATHS: Final = ("/health",)
_SAFE_METHODS = ("GET", "HEAD")
_READS_PER_QUERY = 3
"""How many requests that only read count as one query; a page of results shows 12 covers."""
_MAX_BYTES = 64 << 10
_MAX_LARGE_REQUESTS = 4


class SecurityHeadersMiddleware:
    """Adds the headers that make browsers run and load only the Studio's own files."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class AuthMiddleware:
    """Refuses requests without a token, and requests that another site may have sent."""

    def __init__(
        self, app: ASGIApp, token: str | None, proxy_token: str | None, home: Path
    ) -> None:
        """Protect an app.

        Args:
            token: that of callers; if both tokens are None, every caller is accepted.
            proxy_token: that of the proxy, which alone may name the user.
            home: of the platform, which has the named tokens of scripts.
        """
        self._app, self._proxy_token, self._home = app, proxy_token, home
        self._tokens = [known for known in (token, proxy_token) if known]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http" or scope["path"] in _PUBLIC_PATHS:
            return await self._app(scope, receive, send)
        headers = MutableHeaders(scope=scope)
        authorization = headers.get("authorization", "")
        if not (self._proxy_token and _has_token(authorization, self._proxy_token)):
            del headers[USER_HEADER]
            del headers[PERSON_HEADER]
        if named := bearer_of(authorization):
            if refused := refusal_of(self._home, named, scope["method"], scope["path"]):
                return await problem_response(*refused)(scope, receive, send)
            return await self._app(scope, receive, send)
        if self._tokens and not any(_has_token(authorization, known) for known in self._tokens):
            refusal = problem_response(
                401,
                "the Studio's token is missing or wrong: send it as a bearer token, or as the "
                "password",
                {"WWW-Authenticate": 'Basic realm="Dustjacket", charset="UTF-8"'},
            )
            return await refusal(scope, receive, send)
        changes_nothing = scope["path"].startswith(ANNIF_PREFIX)
        if not changes_nothing and may_be_cross_site(scope["method"], headers):
            return await problem_response(403, CSRF_DETAIL)(scope, receive, send)
        return await self._app(scope, receive, send)


def may_be_cross_site(method: str, headers: Mapping[str, str]) -> bool:
    """Return whether a page of another site may have sent a request that changes something.

    A browser sends cookies and saved passwords also with requests of other sites' pages, but not
    our own header or a bearer token.
    """
    has_bearer = headers.get("authorization", "").lower().startswith("bearer ")
    return method not in _SAFE_METHODS and CSRF_HEADER not in headers and not has_bearer


def caller_of(scope: Scope) -> str:
    """Return the user that the proxy names, or else the address that a request comes from."""
    address: str = (scope["client"] or ("",))[0]
    return Headers(scope=scope).get(USER_HEADER) or address


def _has_token(authorization: str, token: str) -> bool:
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            user_and_password = base64.b64decode(credentials, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return False
        credentials = user_and_password.partition(":")[2]
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(credentials.encode(), token.encode())


class BodyLimitMiddleware:
    """Refuses bodies that are too large, and too many large bodies at once, before reading them."""

    def __init__(self, app: ASGIApp, large: Mapping[str, int]) -> None:
        """Limit bodies to 64 KiB.

        Args:
            large: other limits in bytes, by the end of the path. Only a few of these requests are
                handled at the same time.
        """
        self._app, self._large, self._running = app, large, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        path = scope["path"]
        large = next((limit for end, limit in self._large.items() if path.endswith(end)), None)
        max_bytes = large or _MAX_BYTES
        detail = f"the body is too large: send at most {max_bytes:,} bytes"
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length) > max_bytes:
            return await problem_response(413, detail)(scope, receive, send)
        received = 0

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > max_bytes:
                raise HTTPException(413, detail)
            return message

        if large is None:
            return await self._app(scope, receive_limited, send)
        if self._running >= _MAX_LARGE_REQUESTS:
            refusal = problem_response(
                429, "too many files are being processed: try again soon", {"Retry-After": "1"}
            )
            return await refusal(scope, receive, send)
        self._running += 1
        try:
            await self._app(scope, receive_limited, send)
        finally:
            self._running -= 1


class RateLimitMiddleware:
    """Refuses callers who send requests too often, before reading what they send."""

    def __init__(self, app: ASGIApp, rate: str) -> None:
        """Limit the rate of each user that the proxy names, and of each other address.

        Args:
            rate: of queries, such as ``40/second``. Three times as many requests may read pictures,
                files of the page, metrics or versions.

        Raises:
            BadInputError: ``rate`` cannot be parsed.
        """
        try:
            self._rate = parse(rate)
        except ValueError:
            raise BadInputError(
                f"DUSTJACKET_STUDIO_RATE={rate!r} is not a rate: set one such as 40/second"
            ) from None
        self._app = app
        amount = _READS_PER_QUERY * self._rate.amount
        self._read_rate = type(self._rate)(amount, self._rate.multiples)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http" or scope["path"] in _PUBLIC_PATHS:
            return await self._app(scope, receive, send)
        reads = scope["method"] in _SAFE_METHODS
        rate = self._read_rate if reads else self._rate
        caller = caller_of(scope)
        if self._limiter.hit(rate, "read" if reads else "query", caller):
            return await self._app(scope, receive, send)
        refusal = problem_response(
            429,
            f"too many requests: the limit is {rate}",
            {"Retry-After": str(rate.get_expiry())},
        )
        return await refusal(scope, receive, send)
