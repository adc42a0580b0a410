"""Sections on retrieval: the metrics of all models, and the ablation of the prompt."""

from collections.abc import Mapping
from typing import Any

from dustjacket.evaluation.galleries import DIRECTIONS, OTHER_AUTHORS, SAME_GENRE
from dustjacket.evaluation.page import Picture, Section, Table
from dustjacket.evaluation.results import Results
from dustjacket.evaluation.sections.figures import ablation_figure, genre_figure, recall_figure
from dustjacket.evaluation.sections.format import COMPARED, with_interval
from dustjacket.metrics.retrieval import RECALLS
from dustjacket.metrics.retrieval_intervals import Difference

_DIRECTIONS = {"title_to_cover": "title to cover", "cover_to_title": "cover to title"}
_GALLERIES = {
    SAME_GENRE: "only covers of the same genre",
    OTHER_AUTHORS: "without other covers by the same author",
}
_VALIDATION = (
    "All figures of this report are of the validation side, by which training chose its epoch, so "
    "they flatter the candidate. Those of the test side are published once a gain is proven."
)
_METRICS = {**{f"recall_at_{k}": f"recall@{k}" for k in RECALLS}, "median_rank": "median rank",
            "mrr": "MRR"}  # fmt: skip


def retrieval_section(results: Results) -> Section:
    """Return retrieval over the whole gallery and the hard galleries, each with chance."""
    models = {shown: results.retrieval[name].metrics for name, shown in COMPARED.items()}
    overall = [
        Table(
            f"{words}, {results.tested:,} covers",
            ["model", *_METRICS.values()],
            [
                *(
                    [name, *_cells(metrics[direction], metrics["intervals"][direction])]
                    for name, metrics in models.items()
                ),
                ["chance", *_cells(results.chance)],
            ],
            "In brackets: 95 % intervals; books of one group count as dependent.",
        )
        for direction, words in _DIRECTIONS.items()
    ]
    hard = [
        Table(
            f"{_DIRECTIONS[direction]}, {words}",
            ["model", *_METRICS.values()],
            [
                *(
                    [name, *_cells(metrics["hard"][gallery][direction])]
                    for name, metrics in models.items()
                ),
                ["chance", *_cells(results.hard_chance[gallery])],
            ],
        )
        for gallery, words in _GALLERIES.items()
        for direction in DIRECTIONS
    ]
    matching = Table(
        "Match probability",
        ["model", "mean cosine of pairs", "probability of the own title", "calibration error"],
        [
            [name, *(f"{metrics[key]:.3f}" for key in ("similarity", "match_probability", "ece"))]
            for name, metrics in models.items()
        ],
        "For each cover, all test titles are prompts. The expected calibration error (ECE) "
        "compares the probability of the most probable title with how often it is the right one.",
    )
    pictures = [
        Picture(
            recall_figure(models, results.chance),
            "Recall@k, title to cover, with 95 % intervals.",
            "recall.png",
        )
    ]
    if results.gate_input.by_genre:
        pictures.append(
            Picture(
                genre_figure(results.gate_input.by_genre),
                "Recall@10 by genre. In brackets: the number of test covers.",
            )
        )
    text = [_difference_sentences(results.difference)]
    if results.gate_input.side == "validation":
        text.insert(0, _VALIDATION)
    return Section("Retrieval", text, [*overall, matching, *hard], pictures)


def _cells(metrics: Mapping[str, float], intervals: Mapping[str, Any] | None = None) -> list[str]:
    return [
        with_interval(
            metrics[name],
            intervals[name] if intervals else None,
            1 if name == "median_rank" else 3,
        )
        for name in _METRICS
    ]


def _difference_sentences(difference: Difference) -> str:
    return (
        f"Candidate minus champion, recall@10 on the same covers: {difference.gain:+.3f} "
        f"({difference.low:+.3f} to {difference.high:+.3f}). The candidate finds "
        f"{difference.better} covers that the champion misses, and misses {difference.worse} that "
        "the champion finds; the exact sign test (McNemar's test) gives "
        f"p = {difference.p:.3g}."
    )


def ablation_section(results: Results) -> Section:
    """Return the effect of author and genre in the prompt."""
    rows = [
        [
            row.model.replace("_", " "), row.parts, row.genre or "-",
            with_interval(row.recall_at_10, (row.low, row.high)), f"{row.cover_to_title:.3f}",
            f"{row.median_rank:.1f}",
        ]
        for row in results.ablation.rows
    ]  # fmt: skip
    known = any(row.genre == "true" for row in results.ablation.rows)
    chance = results.chance["recall_at_10"]
    table = Table(
        "",
        ["model", "prompt", "genre", "recall@10, title to cover", "cover to title", "median rank"],
        [*rows, ["chance", "", "", f"{chance:.3f}", f"{chance:.3f}", ""]],
        "" if known else "The true genre of no test cover is known, so no prompt names it.",
    )
    picture = Picture(
        ablation_figure(results.ablation.rows, chance),
        "Recall@10, title to cover, by what the prompt names, with 95 % intervals.",
        "ablation.png",
    )
    return Section(
        "Author and genre in the prompt", [results.ablation.conclusion], [table], [picture]
    )
