"""Restarts servers that run but do not work: a process that hangs does not end by itself."""

import time
from concurrent.futures import ThreadPoolExecutor

from dustjacket.platform import supervision
from dustjacket.platform.status import status
from dustjacket.settings import Settings, load_settings

_START_S = 90  # a server that is still starting, or migrates its database, is left alone
_ANSWER_S = 30.0
_INTERVAL_S = 15.0


def unhealthy(settings: Settings) -> set[str]:
    """Return the names of the servers that have run for a while, and are unhealthy."""
    return {
        server.name
        for server in status(settings, _ANSWER_S)
        if server.health == "unhealthy" and server.seconds_up > _START_S
    }


def restart(settings: Settings, names: set[str]) -> None:
    """Restart servers, all at the same time."""
    if names:
        with ThreadPoolExecutor(len(names)) as pool:
            for name in sorted(names):
                print(f"{name} is unhealthy: restarting it", flush=True)
                pool.submit(supervision.restart, settings.home, name)


def watch(settings: Settings) -> None:
    """Restart every server that is unhealthy in two checks, one after the other. Never returns."""
    suspects: set[str] = set()
    while True:
        time.sleep(_INTERVAL_S)
        found = unhealthy(settings)
        restart(settings, found & suspects)
        suspects = found - suspects


if __name__ == "__main__":
    watch(load_settings())
