"""What the page says of real queries."""

from dustjacket.evaluation.report import Section, Table
from dustjacket.evaluation.results import Results
from dustjacket.evaluation.sections import COMPARED, ranged
from dustjacket.feedback.queries import ENOUGH, Queries

_HEADING = "Real queries"


def queries_section(found: Results) -> Section:
    """Return how the models do on what people asked the Studio and voted on, chance beside it."""
    queries = found.queries
    if queries is None:
        text = (
            "Not known: the Studio has kept no votes of late; where it is started with "
            "DUSTJACKET_STUDIO_FEEDBACK=true, people's votes are measured here."
        )
        return Section(_HEADING, [text])
    voted = queries.liked + queries.disliked
    text = (
        f"{len(queries.versions):,} versions of the Studio's feedback, "
        f"{queries.versions[0]} to {queries.versions[-1]}, hold {queries.asked:,} sampled queries, "
        f"votes on {voted:,} test covers, and votes on {queries.left_out:,} other covers, which "
        "are left out, for models may have been trained on them."
    )
    tables = [_covers(found, queries)] if voted else []
    if queries.genres:
        rows = [
            [one.classifier or "not known", f"{one.votes:,}", _cell(one.liked, one.interval)]
            for one in queries.genres
        ]
        tables.append(Table("Genres", ["classifier", "votes", "voted up"], rows))
    return Section(_HEADING, [text], tables)


def _covers(found: Results, queries: Queries) -> Table:
    rows = [
        [
            shown,
            _cell(ranked.recall_at_10, ranked.recall_interval),
            _cell(ranked.median_rank, ranked.median_interval, 1),
            _cell(ranked.disliked_at_10, ranked.disliked_interval),
        ]
        for name, shown in COMPARED.items()
        for ranked in [queries.models[name]]
    ]
    recall, median = found.chance["recall_at_10"], found.chance["median_rank"]
    return Table(
        f"{queries.liked:,} covers voted up and {queries.disliked:,} voted down, "
        f"among {found.tested:,} test covers",
        ["model", "recall@10 of those voted up", "median rank", "voted down, among the first 10"],
        [*rows, ["chance", f"{recall:.3f}", f"{median:.1f}", f"{recall:.3f}"]],
        "For titles and authors as they were typed. People vote on covers that the model of the "
        "day has shown them, which favours that model; the gate looks at none of this. Fewer than "
        f"{ENOUGH} votes have no interval.",
    )


def _cell(value: float | None, ends: tuple[float, float] | None, digits: int = 3) -> str:
    return "-" if value is None else ranged(value, ends, digits)
