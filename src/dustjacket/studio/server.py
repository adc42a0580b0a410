"""The Studio's process."""

import logging

import uvicorn

from dustjacket.errors import BadInputError
from dustjacket.settings import Settings
from dustjacket.studio.app import LOCAL, create_app


def serve(settings: Settings, host: str, port: int, token: str | None) -> None:
    """Serve the Studio until the process is told to stop.

    Raises:
        BadInputError: it would let everybody in a network ask, without a token.
    """
    if token is None and host not in LOCAL:
        raise BadInputError(
            f"host {host!r} may be reached from elsewhere: set DUSTJACKET_STUDIO_TOKEN, or leave "
            "it at 127.0.0.1"
        )
    said = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.WARNING, format=said)
    for ours in ("dustjacket", "uvicorn"):
        logging.getLogger(ours).setLevel(logging.INFO)
    uvicorn.run(
        create_app(settings, token),
        host=host,
        port=port,
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=5,
        # Longer than any caller keeps a connection, so that none is closed while it is asked on.
        timeout_keep_alive=120,
    )
