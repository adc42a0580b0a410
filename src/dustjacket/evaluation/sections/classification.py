"""Sections on classification: genre from the cover, contradictions, and general recognition."""

from dataclasses import dataclass

from dustjacket.evaluation.page import Section, Table
from dustjacket.evaluation.results import Results
from dustjacket.evaluation.sections.format import COMPARED, with_interval


@dataclass(frozen=True)
class PublishedResult:
    """Accuracy that others have published, on data of their own; empty where not published."""

    authors: str
    source: str
    data: str
    top1: str
    top3: str


_PUBLISHED = (
    PublishedResult(
        "Iwana et al. 2016", "cover", "57,000 covers of 30 genres (Amazon)", ".247", ".403"
    ),
    PublishedResult("Lucieri et al. 2020", "cover and text", "30 genres (Amazon)", ".557", ""),
    PublishedResult("Buczkowski et al. 2018", "cover", "14 genres", ".67 to .74", ""),
    PublishedResult("Chiang et al. 2015", "cover and title", "5 genres", "", ""),
)


def genre_section(results: Results) -> Section:
    """Return the task of the related work, beside what others have published."""
    genre = results.genre
    published = Table(
        "Published by others",
        ["authors", "from", "top 1", "top 3", "data"],
        [
            [row.authors, row.source, row.top1 or "-", row.top3 or "-", row.data]
            for row in _PUBLISHED
        ],
        "These use other books, genres and splits, so the numbers are not directly comparable.",
    )
    if not genre.rows:
        text = "Not known: too few test covers have a category that is a genre of the classifier."
        return Section("Genre from the cover", [text], [published])
    top1, top3 = genre.chance
    rows = [
        [
            row.source.replace("_", " "), with_interval(row.top1, row.interval),
            "not known" if row.top3 is None else f"{row.top3:.3f}",
        ]
        for row in genre.rows
    ]  # fmt: skip
    own = Table(
        f"{genre.covers:,} test covers of {len(genre.genres)} genres",
        ["from", "top 1", "top 3"],
        [*rows, ["chance", f"{top1:.3f}", f"{top3:.3f}"]],
    )
    return Section("Genre from the cover", (), [own, published])


def contradictions_section(results: Results) -> Section:
    """Return the books whose title and cover suggest different genres."""
    heading, table = "Genre by title and by cover", results.contradictions
    if table.empty:
        return Section(heading, ["No title and cover contradict each other."])
    rows = [
        [
            str(row["title"]), str(row["author"] or "-"),
            f"{row['by_title']} ({row['title_probability']:.2f})",
            f"{row['by_cover']} ({row['cover_probability']:.2f})", str(row["true_genre"] or "-"),
        ]
        for row in table.to_dict("records")
    ]  # fmt: skip
    header = ["title", "author", "genre by title", "genre by cover", "true genre"]
    text = (
        "Books for which a linear probe on the cover predicts another genre than the classifier on "
        "the title, the most confident first. In brackets: the probability."
    )
    return Section(heading, [text], [Table("", header, rows)])


def recognition_section(results: Results) -> Section:
    """Return the accuracy of general recognition, which shows what was forgotten."""
    kinds = list(results.general["starting"].by_kind)
    rows = [
        [
            shown,
            with_interval(results.general[name].accuracy, results.general[name].interval),
            *(f"{results.general[name].by_kind[kind]:.3f}" for kind in kinds),
        ]
        for name, shown in COMPARED.items()
    ]
    rows.append(["chance", f"{results.general['starting'].chance:.3f}", *("" for _ in kinds)])
    text = (
        "Zero-shot classification of signs, coloured shapes and handwritten digits, which covers "
        "do not teach. A fall shows what the model forgot during fine-tuning."
    )
    table = Table("", ["model", "accuracy", *kinds], rows)
    return Section("General recognition", [text], [table])
