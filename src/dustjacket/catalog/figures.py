"""Figure of the statistics of a catalogue."""

from matplotlib.figure import Figure

from dustjacket.catalog.statistics import LENGTH_STEP, CatalogStatistics

_MAX_GENRES = 60
_MAX_LENGTH = 300


def statistics_figure(statistics: CatalogStatistics) -> Figure:
    """Return bar charts of books per genre, rows per reason, and title lengths."""
    genres = dict(list(statistics.genres.items())[:_MAX_GENRES])
    figure = Figure(figsize=(13, max(5.0, 0.24 * len(genres) + 1.2)), layout="constrained")
    grid = figure.add_gridspec(2, 2)
    axes = figure.add_subplot(grid[:, 0])
    _bars(axes, genres, f"{statistics.rows_accepted:,} books, {len(statistics.genres)} genres")
    reasons = {"accepted": statistics.rows_accepted, **statistics.rejected_by_reason}
    axes = figure.add_subplot(grid[0, 1])
    _bars(axes, reasons, f"{statistics.rows_read:,} rows read")
    axes = figure.add_subplot(grid[1, 1])
    shown = {start: n for start, n in statistics.title_lengths.items() if start <= _MAX_LENGTH}
    axes.bar(list(shown), list(shown.values()), LENGTH_STEP, align="edge", edgecolor="white")
    median = statistics.title_length.get("0.5")
    axes.set(xlabel="characters", ylabel="books", title=f"length of titles (median {median})")
    return figure


def _bars(axes, values: dict[str, int], title: str) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    names = list(reversed(values))
    bars = axes.barh(range(len(names)), [values[name] for name in names])
    axes.set_yticks(range(len(names)), [name[:40] for name in names], fontsize=8)
    axes.bar_label(bars, fmt="{:,.0f}", padding=2, fontsize=8)
    axes.set(title=title)
    axes.margins(x=0.14, y=0.02)
