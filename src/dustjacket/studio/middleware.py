"""What the Studio lets through: callers who prove themselves, in sizes and at rates it can bear."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import Final

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dustjacket.errors import BadInputError
from dustjacket.studio.problems import SECURE, problem

HEADER: Final = "x-dustjacket"
"""Header that a page of another site cannot send along with a person's cookie or address."""
USER: Final = "x-dustjacket-user"
"""Header by which the door in Airflow says for whom it asks."""
OPEN: Final = ("/health",)
_SAFE = ("GET", "HEAD")
_KILOBYTES_64 = 64 << 10
_LARGE_AT_ONCE = 4
_AGAIN = {"Retry-After": "1"}


class SecurityHeadersMiddleware:
    """Adds what tells browsers to run and to load nothing but the Studio's own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURE.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, told)


class AuthMiddleware:
    """Refuses who proves nothing, and what another site may have sent."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        """Guard an app; without a token everybody who can reach it may ask."""
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["path"] in OPEN:
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        if self._token and not _proves(headers.get("authorization", ""), self._token):
            refused = problem(
                401,
                "this needs the Studio's token: as a bearer token, or as the password",
                {"WWW-Authenticate": 'Basic realm="Dustjacket", charset="UTF-8"'},
            )
            return await refused(scope, receive, send)
        if crosses_sites(scope["method"], headers):
            refused = problem(403, "this needs the header X-Dustjacket, so that no other site asks")
            return await refused(scope, receive, send)
        return await self._app(scope, receive, send)


def crosses_sites(method: str, headers: Mapping[str, str]) -> bool:
    """Return whether a request may come from a page of another site, and change something.

    A browser sends cookies, and what a person typed at its login prompt, also for such a page; a
    header of our own, or a bearer token, it does not.
    """
    bearer = headers.get("authorization", "").lower().startswith("bearer ")
    return method not in _SAFE and HEADER not in headers and not bearer


def _proves(authorization: str, token: str) -> bool:
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return False
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given.encode(), token.encode())


class BodyLimitMiddleware:
    """Refuses bodies that are too large, and too many large ones, before they are read."""

    def __init__(self, app: ASGIApp, most: Mapping[str, int]) -> None:
        """Bound an app's bodies to 64 KiB.

        Args:
            most: by the end of the path, where it is another number of bytes. Of these requests
                only a few are answered at once.
        """
        self._app, self._most, self._large = app, most, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        path = scope["path"]
        large = next((n for end, n in self._most.items() if path.endswith(end)), None)
        most = large or _KILOBYTES_64
        detail = f"the body is too large: send at most {most:,} bytes"
        told = Headers(scope=scope).get("content-length", "0")
        if not told.isdecimal() or int(told) > most:
            return await problem(413, detail)(scope, receive, send)
        read = 0

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise HTTPException(413, detail)
            return message

        if large is None:
            return await self._app(scope, bounded, send)
        if self._large >= _LARGE_AT_ONCE:
            refused = problem(429, "too many files are answered just now: try again soon", _AGAIN)
            return await refused(scope, receive, send)
        self._large += 1
        try:
            await self._app(scope, bounded, send)
        finally:
            self._large -= 1


class RateLimitMiddleware:
    """Refuses callers who ask too often, before what they ask is read."""

    def __init__(self, app: ASGIApp, rate: str, *, of_users: bool) -> None:
        """Allow a rate such as ``40/second`` to each address.

        Args:
            of_users: to each user instead, of whom the door tells.

        Raises:
            BadInputError: it is no rate.
        """
        try:
            self._rate = parse(rate)
        except ValueError:
            raise BadInputError(
                f"DUSTJACKET_STUDIO_RATE={rate!r} is no rate: set one such as 40/second"
            ) from None
        self._app, self._of_users = app, of_users
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] in _SAFE:
            return await self._app(scope, receive, send)
        user = Headers(scope=scope).get(USER) if self._of_users else None
        caller = user or (scope["client"] or ("",))[0]
        if self._limiter.hit(self._rate, caller):
            return await self._app(scope, receive, send)
        pause = {"Retry-After": str(self._rate.get_expiry())}
        await problem(429, f"you ask more than {self._rate}", pause)(scope, receive, send)
        return None
