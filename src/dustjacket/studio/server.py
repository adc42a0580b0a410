"""The Studio's process."""

import logging

import uvicorn

from dustjacket.errors import BadInputError
from dustjacket.settings import Settings
from dustjacket.studio.app import LOOPBACK_HOSTS, create_app


def serve(
    settings: Settings, host: str, port: int, token: str | None, proxy_token: str | None = None
) -> None:
    """Serve the Studio until the process receives a signal to stop.

    Raises:
        BadInputError: without a token, the Studio would accept callers from the network; or both
            tokens are the same, so that callers could name any user.
    """
    if token and token == proxy_token:
        raise BadInputError(
            "DUSTJACKET_STUDIO_TOKEN and DUSTJACKET_STUDIO_PROXY_TOKEN are the same: set two, "
            "because the proxy alone may name the user"
        )
    if token is None and proxy_token is None and host not in LOOPBACK_HOSTS:
        raise BadInputError(
            f"host {host!r} accepts callers from other machines: set DUSTJACKET_STUDIO_TOKEN, or "
            "use 127.0.0.1"
        )
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for name in ("dustjacket", "uvicorn"):
        logging.getLogger(name).setLevel(logging.INFO)
    uvicorn.run(
        create_app(settings, token, proxy_token),
        host=host,
        port=port,
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=5,
        # Longer than the proxy keeps idle connections, so that none is closed as it is reused.
        timeout_keep_alive=120,
    )
