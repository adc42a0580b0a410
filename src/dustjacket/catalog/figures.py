"""A figure of what a catalogue holds."""

from collections.abc import Mapping

from matplotlib.figure import Figure

_SHOWN = 60


def genre_counts_figure(counts: Mapping[str, int]) -> Figure:
    """Return a bar a genre, the most frequent on top; of very many, only those."""
    genres = sorted(counts, key=lambda genre: (counts[genre], genre))[-_SHOWN:]
    figure = Figure(figsize=(7, 0.24 * len(genres) + 1.2), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(range(len(genres)), [counts[genre] for genre in genres])
    axes.set_yticks(range(len(genres)), [genre[:40] for genre in genres], fontsize=8)
    axes.bar_label(bars, fmt="{:,.0f}", padding=2, fontsize=8)
    axes.set(xlabel="accepted rows", title=f"{sum(counts.values()):,} books, {len(counts)} genres")
    axes.margins(x=0.12, y=0.01)
    return figure
