"""The client of the Studio, whose requests an app in this process answers."""

import httpx
from fastapi.testclient import TestClient

from dustjacket.client.studio import RunningStudio
from dustjacket.settings import Settings


def studio_in_memory(client: TestClient) -> RunningStudio:
    """Return a client whose requests ``client`` sends."""

    def answer(request: httpx.Request) -> httpx.Response:
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        response = client.request(
            request.method, request.url.raw_path.decode(), content=request.read(), headers=headers
        )
        return httpx.Response(response.status_code, content=response.content)

    settings = Settings(_env_file=None, studio_url="http://127.0.0.1")
    return RunningStudio(settings, httpx.MockTransport(answer))
