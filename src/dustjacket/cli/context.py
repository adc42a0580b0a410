"""What commands share: the console, JSON output, and the store of published versions."""

import json
from typing import TYPE_CHECKING, Any

from rich.console import Console

from dustjacket.errors import NotReadyError
from dustjacket.settings import load_settings

if TYPE_CHECKING:
    from dustjacket.storage.store import Store

console = Console()


def open_store() -> "Store":
    """Return the store of published versions.

    Raises:
        NotReadyError: no S3 server is configured.
    """
    from dustjacket.storage.store import Store

    settings = load_settings()
    if not settings.s3_endpoint:
        raise NotReadyError(
            "no S3 server is configured: run `dustjacket up`, or set DUSTJACKET_S3_ENDPOINT"
        )
    return Store(settings)


def print_json(value: dict[str, Any] | list[Any]) -> None:
    """Print a value as one line of JSON."""
    print(json.dumps(value, ensure_ascii=False))
