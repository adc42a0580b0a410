"""The API of the running Studio, as a program on this machine uses it."""

from typing import Any

import httpx

from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.settings import Settings

_CONNECT_S, _ANSWER_S = 0.5, 120.0
_REFUSALS = (404, 413, 415, 422)
_BUSY = 429


class RunningStudio:
    """Requests to the Studio of the platform; each result is None where no Studio answers."""

    def __init__(self, settings: Settings, transport: httpx.BaseTransport | None = None) -> None:
        """Prepare requests.

        Args:
            settings: with ``studio_url`` and ``studio_token``; without the first nothing is sent.
            transport: in place of the network.
        """
        self._url = (settings.studio_url or "").rstrip("/")
        token = settings.studio_token
        headers = {"X-Dustjacket": "client"}  # no page of another site can send it
        if token:
            headers["Authorization"] = f"Bearer {token.get_secret_value()}"
        self._options: dict[str, Any] = {
            "headers": headers,
            "timeout": httpx.Timeout(_ANSWER_S, connect=_CONNECT_S),
            "trust_env": False,  # a proxy would see the token
            "transport": transport,
        }

    def post(self, path: str, **body: Any) -> Any:
        """Return the JSON of an answer; ``body`` is that of :func:`httpx.request`.

        Raises:
            BadInputError: the Studio refuses the request; the message has its reason.
            NotReadyError: it has too much to do.
        """
        response = self._send("POST", path, **body)
        return None if response is None else response.json()

    def get(self, path: str) -> bytes | None:
        """Return the body of an answer.

        Raises:
            BadInputError: there is no such thing.
            NotReadyError: as in :meth:`post`.
        """
        response = self._send("GET", path)
        return None if response is None else response.content

    def require(self, path: str) -> bytes:
        """Return the body of an answer of a Studio that has answered before.

        Raises:
            BadInputError: as in :meth:`get`.
            NotReadyError: it does not answer any more.
        """
        body = self.get(path)
        if body is None:
            raise NotReadyError("the Studio has stopped answering: see `dustjacket status`")
        return body

    def _send(self, method: str, path: str, **body: Any) -> httpx.Response | None:
        if not self._url:
            return None
        try:
            with httpx.Client(**self._options) as client:
                response = client.request(method, f"{self._url}/{path}", **body)
        except httpx.TransportError:
            return None
        if response.is_success:
            return response
        if response.status_code in _REFUSALS:
            raise BadInputError(_detail(response))
        if response.status_code == _BUSY:
            raise NotReadyError(f"the Studio is busy: {_detail(response)}")
        return None  # it has no models yet, or belongs to another platform


def _detail(response: httpx.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"the Studio answered with status {response.status_code}"
