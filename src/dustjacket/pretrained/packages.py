"""Weights that installed Python packages carry, so that no hub is needed."""

from importlib.util import find_spec
from pathlib import Path


def find_weights(package: str, pattern: str) -> Path | None:
    """Return the first file of a package that matches ``pattern``; None where it is not installed.

    The package is not imported.
    """
    found = find_spec(package.replace("-", "_"))
    if found is None or found.origin is None:
        return None
    return next(iter(sorted(Path(found.origin).parent.rglob(pattern))), None)
