"""The sections of the report on a generator: tables, a contact sheet, and the nearest covers."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from dustjacket.evaluation.page import Picture, Section, Table
from dustjacket.evaluation.sections.format import with_interval
from dustjacket.generation.assess import SHOWN, Assessment
from dustjacket.generation.library import Side
from dustjacket.generation.measures import Share

_PAIRS = 8
_GREY = "#80868f"


def report_sections(found: Assessment, train: Side, seconds: Mapping[str, float]) -> list[Section]:
    """Return all sections of the report, in order."""
    return [_fit(found), _realism(found), _originality(found, train), _time(found, seconds)]


def _fit(found: Assessment) -> Section:
    def cell(share: Share) -> str:
        return with_interval(share.share, (share.low, share.high))

    rows = [
        (
            name,
            *(cell(share) for share in precision.all_titles.values()),
            *(cell(share) for share in precision.within_genre.values()),
            *(cell(share) for share in precision.any_seed.values()),
        )
        for name, precision in found.precision.items()
    ]
    ceilings = ", ".join(f"{name} {value:.3f}" for name, value in found.ceilings.items())
    seeds, titles = found.pictures.shape[:2]
    table = Table(
        "R-precision",
        ("pictures", "R@1", "R@10", "R@1 in genre", "R@10 in genre", "R@1, any seed",
         "R@10, any seed"),
        rows,
        f"{titles} titles of the {found.side.name} side, {seeds} seeds each; 95 % intervals by "
        f"book group. The judge's R@10 of real art: {ceilings}.",
    )  # fmt: skip
    return Section(
        "Do pictures fit their titles?",
        ("A judge that shares no weights with the generator looks for each picture's own title.",),
        tables=[table],
        pictures=[
            Picture(
                _contact_sheet(found),
                "Real textless art, then the drawn pictures, one for each seed",
                "contact_sheet.png",
            )
        ],
    )


def _realism(found: Assessment) -> Section:
    kids = [(name, with_interval(*figures, 4)) for name, figures in found.kids.items()]
    varies = [(name, f"{value:.3f}") for name, value in found.varies.items()]
    return Section(
        "Do pictures look like covers, and vary?",
        tables=[
            Table(
                "Kernel inception distance to real art",
                ("pictures", "KID"),
                kids,
                "That of the training side's real art is the floor.",
            ),
            Table("Mean distance of two pictures", ("pictures of", "1 - cosine"), varies),
        ],
    )


def _originality(found: Assessment, train: Side) -> Section:
    (rate, interval), (nearer, p) = found.near_copies, found.copying
    return Section(
        "Are pictures new?",
        (
            f"{rate:.1%} of the pictures are near copies of a training cover (95 % interval "
            f"{interval[0]:.1%} to {interval[1]:.1%}). A picture is nearer to the training art "
            f"than a held-out real cover with probability {nearer:.2f} (p {p:.2g}; .5 without "
            "copying).",
        ),
        pictures=[
            Picture(
                _pairs(found, train),
                "The pictures that are nearest to training covers, each above its cover",
                "nearest_covers.png",
            )
        ],
    )


def _time(found: Assessment, seconds: Mapping[str, float]) -> Section:
    count = found.pictures.shape[0] * found.pictures.shape[1]
    return Section(
        "Time",
        (
            f"{count} pictures were drawn in {seconds['drawing']:.0f} s; the whole evaluation took "
            f"{seconds['evaluation']:.0f} s.",
        ),
    )


def _contact_sheet(found: Assessment) -> Figure:
    titles = found.side.titles[:SHOWN]
    columns = [
        [found.side.art[row], *(drawn[row] for drawn in found.shown)] for row in range(len(titles))
    ]
    return _grid(columns, titles)


def _pairs(found: Assessment, train: Side) -> Figure:
    """Show the pictures with the highest cosines whose nearest cover was read."""
    rows = {key: row for row, key in enumerate(train.books["key"])}
    pictures = found.pictures.reshape(-1, *found.pictures.shape[2:])
    nearest = [at for at in np.argsort(-found.nearest.cosines) if found.nearest.keys[at] in rows]
    chosen = nearest[:_PAIRS]
    columns = [[pictures[at], train.art[rows[found.nearest.keys[at]]]] for at in chosen]
    marks = ["near copy, " if found.nearest.copies[at] else "" for at in chosen]
    captions = [
        f"{mark}cosine {found.nearest.cosines[at]:.3f}"
        for mark, at in zip(marks, chosen, strict=True)
    ]
    return _grid(columns, captions)


def _grid(columns: Sequence[Sequence[np.ndarray]], captions: Sequence[str]) -> Figure:
    """Return a figure of pictures: one column for each caption."""
    rows = max((len(column) for column in columns), default=1)
    figure = Figure(figsize=(1.1 * max(1, len(columns)), 1.7 * rows), layout="constrained")
    axes = figure.subplots(rows, max(1, len(columns)), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for number, (column, caption) in enumerate(zip(columns, captions, strict=True)):
        for row, picture in enumerate(column):
            axes[row, number].imshow(picture)
        short = caption if len(caption) <= 20 else f"{caption[:19]}…"
        # A dollar sign would begin a formula.
        axes[0, number].set_title(short.replace("$", r"\$"), fontsize=6, color=_GREY)
    return figure
