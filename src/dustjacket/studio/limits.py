"""What the Studio lets through: callers who prove themselves, in sizes and at rates it can bear."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import Final

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dustjacket.studio.problems import problem

HEADER: Final = "x-dustjacket"
"""Header that a page of another site cannot send along with a person's cookie or address."""
USER: Final = "x-dustjacket-user"
"""Header by which the door in Airflow says for whom it asks."""
OPEN: Final = ("/health",)
_SAFE = ("GET", "HEAD")
_KILOBYTES_64 = 64 << 10
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


class Secured:
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


class Guarded:
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


class Bounded:
    """Refuses bodies that are too large, before they are read."""

    def __init__(self, app: ASGIApp, most: Mapping[str, int]) -> None:
        """Bound an app's bodies to 64 KiB.

        Args:
            most: by the end of the path, where it is another number of bytes.
        """
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        path = scope["path"]
        most = next((n for end, n in self._most.items() if path.endswith(end)), _KILOBYTES_64)
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

        return await self._app(scope, bounded, send)


class Rate:
    """How often one caller may ask."""

    def __init__(self, rate: str) -> None:
        """Allow a rate such as ``40/second``."""
        self._rate = parse(rate)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def check(self, caller: str) -> None:
        """Count a question.

        Raises:
            HTTPException: the caller has asked too often.
        """
        if not await self._limiter.hit(self._rate, caller):
            pause = str(self._rate.get_expiry())
            raise HTTPException(429, f"you ask more than {self._rate}", {"Retry-After": pause})
