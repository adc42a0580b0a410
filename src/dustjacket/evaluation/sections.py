"""What the page says: the findings as sections of tables, figures and pictures."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dustjacket.evaluation.figures import (
    ablation_figure,
    figure_uri,
    genre_figure,
    map_figure,
    recall_figure,
)
from dustjacket.evaluation.galleries import DIRECTIONS, OTHER_AUTHORS, SAME_GENRE
from dustjacket.evaluation.genre import LITERATURE
from dustjacket.evaluation.report import Found, Picture, Section, Strip, Table
from dustjacket.evaluation.results import Results
from dustjacket.metrics.retrieval import RECALLS

COMPARED = {"starting": "starting", "champion": "champion", "fine_tuned": "candidate"}
_WAYS = {"title_to_cover": "title to cover", "cover_to_title": "cover to title"}
_GALLERIES = {
    SAME_GENRE: "covers of the same genre only",
    OTHER_AUTHORS: "without other covers by the same author",
}
_METRICS = {**{f"recall_at_{k}": f"recall@{k}" for k in RECALLS}, "median_rank": "median rank",
            "mrr": "MRR"}  # fmt: skip
_STRIPS, _SHOWN = 6, 5


def ranged(value: float, ends: Sequence[float] | None, digits: int = 3) -> str:
    """Return a figure, with the ends of its interval in brackets."""
    text = f"{value:.{digits}f}"
    return f"{text} ({ends[0]:.{digits}f} to {ends[1]:.{digits}f})" if ends else text


def _cells(metrics: dict[str, float], ends: dict[str, Any] | None = None) -> list[str]:
    return [
        ranged(metrics[name], ends[name] if ends else None, 1 if name == "median_rank" else 3)
        for name in _METRICS
    ]


def retrieval_section(found: Results) -> Section:
    """Return retrieval over the whole gallery and the harder ones, chance beside each."""
    models = {shown: found.retrieved[name].figures for name, shown in COMPARED.items()}
    whole = [
        Table(
            f"{words}, {found.tested:,} covers",
            ["model", *_METRICS.values()],
            [
                *(
                    [name, *_cells(figures[way], figures["intervals"][way])]
                    for name, figures in models.items()
                ),
                ["chance", *_cells(found.chance)],
            ],
            "In brackets: 95 % intervals, by resampling the test covers.",
        )
        for way, words in _WAYS.items()
    ]
    hard = [
        Table(
            f"{_WAYS[way]}, {_GALLERIES[gallery]}",
            ["model", *_METRICS.values()],
            [
                *(
                    [name, *_cells(figures["hard"][gallery][way])]
                    for name, figures in models.items()
                ),
                ["chance", *_cells(found.hard_chance[gallery])],
            ],
        )
        for gallery in _GALLERIES
        for way in DIRECTIONS
    ]
    matching = Table(
        "Match probability",
        ["model", "mean cosine of pairs", "probability of the own title", "calibration error"],
        [
            [name, *(f"{one[what]:.3f}" for what in ("similarity", "match_probability", "ece"))]
            for name, one in models.items()
        ],
        "The calibration error (ECE) is how far the probability of the likeliest title is from "
        "how often that is the right one.",
    )
    gain = found.difference
    told = (
        f"The candidate's recall@10 less the champion's, on the same covers: {gain.gain:+.3f} "
        f"({gain.low:+.3f} to {gain.high:+.3f}). It finds {gain.better} covers that the champion "
        f"misses, and misses {gain.worse} that the champion finds; the exact sign test "
        f"(McNemar's) gives p = {gain.p:.3g}."
    )
    pictures = [
        Picture(
            figure_uri(recall_figure(models, found.chance)),
            "Recall@k, title to cover, with 95 % intervals.",
        )
    ]
    if found.comparison.by_genre:
        pictures.append(
            Picture(
                figure_uri(genre_figure(found.comparison.by_genre)),
                "Recall@10 by genre, with the number of test covers.",
            )
        )
    return Section("Retrieval", [told], [*whole, matching, *hard], pictures)


def ablation_section(found: Results) -> Section:
    """Return what naming author and genre adds to a title."""
    rows = [
        [
            row.model.replace("_", " "), row.parts, row.genre or "-",
            ranged(row.recall_at_10, (row.low, row.high)), f"{row.cover_to_title:.3f}",
            f"{row.median_rank:.1f}",
        ]
        for row in found.ablation.rows
    ]  # fmt: skip
    known = any(row.genre == "true" for row in found.ablation.rows)
    chance = found.chance["recall_at_10"]
    table = Table(
        "",
        ["model", "prompt", "genre", "recall@10, title to cover", "cover to title", "median rank"],
        [*rows, ["chance", "", "", f"{chance:.3f}", f"{chance:.3f}", ""]],
        "" if known else "The true genre of no test cover is known, so it has no rows.",
    )
    picture = Picture(
        figure_uri(ablation_figure(found.ablation.rows, chance)),
        "Recall@10, title to cover, by what the prompt names, with 95 % intervals.",
    )
    return Section("What a prompt should name", [found.ablation.conclusion], [table], [picture])


def genre_section(found: Results) -> Section:
    """Return the related work's task, and what others have published."""
    task = found.genre
    literature = Table(
        "Published by others",
        ["who", "from", "top 1", "top 3", "data"],
        [[one.who, one.what, one.top1 or "-", one.top3 or "-", one.data] for one in LITERATURE],
        "On books, genres and splits of their own: to be read beside ours, not compared.",
    )
    if not task.rows:
        text = (
            "Not known: too few test covers come with a category that is a genre of the classifier."
        )
        return Section("Genre from the cover", [text], [literature])
    first, third = task.chance
    rows = [
        [
            row.source.replace("_", " "), ranged(row.top1, row.interval),
            "not known" if row.top3 is None else f"{row.top3:.3f}",
        ]
        for row in task.rows
    ]  # fmt: skip
    own = Table(
        f"{task.covers:,} test covers of {len(task.genres)} genres",
        ["from", "top 1", "top 3"],
        [*rows, ["chance", f"{first:.3f}", f"{third:.3f}"]],
    )
    return Section("Genre from the cover", (), [own, literature])


def recognition_section(found: Results) -> Section:
    """Return how much of general recognition is left."""
    kinds = list(found.general["starting"].by_kind)
    rows = [
        [
            shown,
            ranged(found.general[name].accuracy, found.general[name].interval),
            *(f"{found.general[name].by_kind[kind]:.3f}" for kind in kinds),
        ]
        for name, shown in COMPARED.items()
    ]
    rows.append(["chance", f"{found.general['starting'].chance:.3f}", *("" for _ in kinds)])
    text = (
        "Pictures of signs, coloured forms and handwritten digits, which no cover teaches, told "
        "from their names without training."
    )
    table = Table("", ["model", "accuracy", *kinds], rows)
    return Section("What was forgotten", [text], [table])


def strip_sections(
    titles: np.ndarray,
    covers: np.ndarray,
    ranks: np.ndarray,
    books: pd.DataFrame,
    thumbnail: Callable[[int], str],
) -> list[Section]:
    """Return the titles whose cover was found best and worst, with what was found for them.

    Args:
        titles, covers: (n, d) embeddings of unit length.
        ranks: (n,) of each title's own cover.
        books: n rows of title and author.
        thumbnail: the ``data:`` address of a cover, by its number.
    """
    cosines = (titles * covers).sum(axis=1)
    best = np.lexsort((-cosines, ranks))[:_STRIPS]
    worst = np.lexsort((cosines, -ranks))[:_STRIPS]

    def strip(at: int) -> Strip:
        scores = covers @ titles[at]
        nearest = np.argsort(-scores, kind="stable")[:_SHOWN]
        author = books["author"].iloc[at]
        return Strip(
            str(books["title"].iloc[at]),
            (f"by {author}, " if author else "") + f"own cover at rank {ranks[at]:g}",
            Found(thumbnail(at), f"own, {cosines[at]:.2f}", own=True),
            [
                Found(
                    thumbnail(int(one)),
                    f"{scores[one]:.2f} {books['title'].iloc[one]}"[:60],
                    own=bool(one == at),
                )
                for one in nearest
            ],
        )

    return [
        Section(heading, [text], strips=[strip(int(at)) for at in rows])
        for heading, text, rows in (
            ("Best retrievals", "The own cover, then what was found for the title.", best),
            ("Worst retrievals", "The own cover, then what was found before it.", worst),
        )
    ]


def map_section(covers: np.ndarray, genres: Sequence[str], seed: int) -> Section:
    """Return the candidate's view of the test covers, as a map."""
    if len(covers) < 3:
        return Section("Map of covers", ["There are too few test covers for a map."])
    picture = Picture(
        figure_uri(map_figure(covers, genres, seed)),
        "Test covers, near each other where the candidate finds them alike, by genre.",
    )
    return Section("Map of covers", pictures=[picture])


def contradictions_section(found: Results) -> Section:
    """Return the books on whose genre title and cover disagree."""
    table = found.contradictions
    if table.empty:
        return Section("Title against cover", ["No title and cover contradict each other."])
    rows = [
        [
            str(row["title"]), str(row["author"] or "-"),
            f"{row['by_title']} ({row['title_probability']:.2f})",
            f"{row['by_cover']} ({row['cover_probability']:.2f})", str(row["true_genre"] or "-"),
        ]
        for row in table.to_dict("records")
    ]  # fmt: skip
    header = ["title", "author", "genre by title", "genre by cover", "true genre"]
    text = "Books whose cover, to a linear probe, says another genre than their title, surest first"
    return Section("Title against cover", [text + "."], [Table("", header, rows)])


def drift_section(found: Results) -> Section:
    """Return how far the covers have moved from those the champion was trained on."""
    drift = found.drift
    if drift is None:
        text = "Not known: the champion are starting weights, trained on no covers of this library."
        return Section("Drift", [text])
    if drift.reference == drift.newest:
        return Section("Drift", ["None: the champion was trained on these very covers."])
    table = Table(
        f"{drift.newest} against {drift.reference}",
        ["measure", "value"],
        [
            ["length of titles (PSI)", f"{drift.title_length:.3f}"],
            ["mix of genres (PSI)", f"{drift.genre_mix:.3f}"],
            ["embeddings (energy distance)", f"{drift.energy:.4f}, p = {drift.energy_p:.3f}"],
        ],
    )
    return Section("Drift", [f"Warning: {drift.warning}."] if drift.warning else (), [table])


def left_out_section(found: Results) -> Section:
    """Return which covers were not tested, and why."""
    broken = ", ".join(f"{count:,} of {split}" for split, count in found.broken.items())
    rows = [
        ["tested", f"{found.tested:,}"],
        [
            "left out: look like a training cover",
            f"{found.leaked:,} ({found.comparison.leaked_share:.1%} of the test covers)",
        ],
        ["left out: do not decode", broken or "0"],
    ]
    return Section("Covers", tables=[Table("", ["", "covers"], rows)])


def card_section(rows: Sequence[tuple[str, str]]) -> Section:
    """Return the model card.

    Args:
        rows: names and values.
    """
    limits = (
        "Figures are of held-out covers of the same source: other sources, languages and decades "
        "were not looked at. A genre in a prompt is mostly predicted, and wrong where the "
        "classifier is. Covers say what publishers want them to say of a genre, and so does what "
        "is learnt of them."
    )
    return Section("Model card", [limits], [Table("", ["", ""], rows)])
