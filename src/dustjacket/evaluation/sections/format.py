"""How every section names the models and formats numbers."""

from collections.abc import Sequence

COMPARED = {"starting": "starting", "champion": "champion", "fine_tuned": "candidate"}
"""The models of a table: name in the results, and name in the report."""


def with_interval(value: float, interval: Sequence[float] | None, digits: int = 3) -> str:
    """Return a number, followed by the ends of its interval in brackets if there is one."""
    text = f"{value:.{digits}f}"
    if interval is None:
        return text
    return f"{text} ({interval[0]:.{digits}f} to {interval[1]:.{digits}f})"
