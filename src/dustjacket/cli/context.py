"""What commands share: the console, JSON output, and the store of published versions."""

import json
import os
import re
import sys
import time
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from dustjacket.errors import NotReadyError
from dustjacket.settings import home, load_settings

if TYPE_CHECKING:
    from dustjacket.client.answers import Answers
    from dustjacket.storage.store import DownloadProgress, Store

# What could move the cursor, reorder text or break the output: control characters but tab and line
# break, direction marks, and half characters from arguments that are not UTF-8.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)

_WIDTH = 200


class LiteralConsole(Console):
    """A console that prints every string as it is, without its control characters.

    Titles, genres and paths come from outside; what is styled is a :class:`rich.text.Text`.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """Return ``text`` without markup; each unprintable character is U+FFFD."""
        plain = _UNPRINTABLE.sub("\ufffd", text)
        return super().render_str(plain, **{**options, "markup": False, "emoji": False})


# Nothing is cut off in a pipe or a file, which have no width.
console = LiteralConsole(width=None if sys.stdout.isatty() else _WIDTH)
_QUIET_S, _PROGRESS_EVERY_S = 2.0, 5.0


def open_store() -> "Store":
    """Return the store of published versions.

    Raises:
        NotReadyError: no S3 server is configured.
    """
    from dustjacket.storage.store import Store

    settings = load_settings()
    if not settings.s3_endpoint:
        raise NotReadyError(
            f"no platform was started in {home()}: run `dustjacket up` to start one there, name "
            "the folder of another with --home, or set DUSTJACKET_S3_ENDPOINT"
        )
    return Store(settings, _print_downloads())


def answers() -> "Answers":
    """Return what answers for the published models: the running Studio, or this process."""
    from dustjacket.client.answers import Answers
    from dustjacket.client.studio import RunningStudio

    return Answers(RunningStudio(load_settings()), open_store)


def _print_downloads() -> "DownloadProgress":
    """Return a function that prints, now and then, how far a download that takes long has come."""
    errors, due_s = LiteralConsole(stderr=True), dict[str, float]()

    def show(name: str, done: int, total: int) -> None:
        now_s = time.monotonic()
        if now_s >= due_s.setdefault(name, now_s + _QUIET_S):
            due_s[name] = now_s + _PROGRESS_EVERY_S
            errors.print(f"downloading {name}: {done / 1e6:.0f} of {total / 1e6:.0f} MB")

    return show


def print_json(value: dict[str, Any] | list[Any]) -> None:
    """Print a value as one line of JSON; what is not UTF-8 becomes a question mark."""
    print(json.dumps(value, ensure_ascii=False).encode(errors="replace").decode())


def absolute(source: str) -> str:
    """Make a path absolute; return an address or an empty string unchanged."""
    return source if not source or "://" in source else os.path.abspath(source)  # noqa: PTH100
