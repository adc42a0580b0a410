"""A figure of what a catalogue holds."""

from matplotlib.figure import Figure

from dustjacket.catalog.statistics import LENGTH_STEP, Profile

_SHOWN = 60
_LONGEST = 300


def profile_figure(profile: Profile) -> Figure:
    """Return books by genre, rows by reason, and titles by length."""
    genres = dict(list(profile.genres.items())[:_SHOWN])
    figure = Figure(figsize=(13, max(5.0, 0.24 * len(genres) + 1.2)), layout="constrained")
    grid = figure.add_gridspec(2, 2)
    axes = figure.add_subplot(grid[:, 0])
    _bars(axes, genres, f"{profile.rows_accepted:,} books, {len(profile.genres)} genres")
    reasons = {"accepted": profile.rows_accepted, **profile.rejected_by_reason}
    axes = figure.add_subplot(grid[0, 1])
    _bars(axes, reasons, f"{profile.rows_read:,} rows read")
    axes = figure.add_subplot(grid[1, 1])
    shown = {start: n for start, n in profile.title_lengths.items() if start <= _LONGEST}
    axes.bar(list(shown), list(shown.values()), LENGTH_STEP, align="edge", edgecolor="white")
    middle = profile.title_length.get("0.5")
    axes.set(
        xlabel="characters", ylabel="books", title=f"length of titles (half have up to {middle})"
    )
    return figure


def _bars(axes, values: dict[str, int], title: str) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    names = list(reversed(values))
    bars = axes.barh(range(len(names)), [values[name] for name in names])
    axes.set_yticks(range(len(names)), [name[:40] for name in names], fontsize=8)
    axes.bar_label(bars, fmt="{:,.0f}", padding=2, fontsize=8)
    axes.set(title=title)
    axes.margins(x=0.14, y=0.02)
