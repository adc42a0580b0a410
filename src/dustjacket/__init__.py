"""Dustjacket teaches CLIP to know a book by its cover.

In a notebook, ``import dustjacket as dj``: see :mod:`dustjacket.client.notebook`.
"""

from importlib import import_module
from typing import Any

NOTEBOOK = (
    "compare", "covers", "create", "genre", "history", "load", "match", "show", "tables", "use",
    "versions",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import what notebooks use when it is used; nothing is imported before."""
    if name not in NOTEBOOK:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # The room `covers` is imported by other code as a module of that name, so it is callable.
    place = f"{__name__}.covers" if name == "covers" else f"{__name__}.client.notebook"
    module = import_module(place)
    return module if name == "covers" else getattr(module, name)


def __dir__() -> list[str]:
    """Return what notebooks use, for their completion."""
    return sorted({*globals(), *NOTEBOOK})
