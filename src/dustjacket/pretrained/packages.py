"""Weights that installed Python packages contain, so that no download is needed."""

from importlib.util import find_spec
from pathlib import Path


def find_weights(package: str, pattern: str) -> Path | None:
    """Return the first file of a package that matches ``pattern``, without importing the package.

    Returns:
        None if the package is not installed, or has no such file.
    """
    spec = find_spec(package.replace("-", "_"))
    if spec is None or spec.origin is None:
        return None
    return next(iter(sorted(Path(spec.origin).parent.rglob(pattern))), None)
