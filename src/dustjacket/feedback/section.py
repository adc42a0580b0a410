"""What feedback adds to an evaluation: its facts, its metrics, and a section of the report."""

from dataclasses import asdict

from dustjacket.evaluation.comparison import Comparison
from dustjacket.evaluation.extras import Extra
from dustjacket.evaluation.page import Section, Table
from dustjacket.evaluation.sections.format import COMPARED, with_interval
from dustjacket.feedback.pairs import read_pairs
from dustjacket.feedback.queries import MIN_VOTES, QueryResults, read_queries
from dustjacket.metrics.retrieval import chance
from dustjacket.storage.store import Store

_HEADING, _PAIRS = "Real queries", "Blind pairs"


def measure_feedback(store: Store, comparison: Comparison) -> Extra:
    """Measure the models of a comparison on the Studio's recent feedback."""
    results = read_queries(store, comparison, store.settings.studio_feedback_days)
    section = queries_section(comparison, results)
    if results is None:
        return Extra(None, {}, section)
    return Extra(asdict(results), results.metrics(), section)


def queries_section(comparison: Comparison, results: QueryResults | None) -> Section:
    """Return the metrics on feedback, with chance; or why there are none."""
    if results is None:
        text = (
            "Not known: the Studio has stored no votes recently. To collect votes, start it with "
            "DUSTJACKET_STUDIO_FEEDBACK=true."
        )
        return Section(_HEADING, [text])
    voted = results.liked + results.disliked
    text = (
        f"{len(results.versions):,} versions of the Studio's feedback, "
        f"{results.versions[0]} to {results.versions[-1]}, hold {results.asked:,} sampled queries, "
        f"votes on {voted:,} test covers, and votes on {results.left_out:,} other covers. The "
        "latter are left out, because models may have been trained on them."
    )
    tables = [_covers_table(len(comparison.test_indices), results)] if voted else []
    if results.genres:
        rows = [
            [
                genre.classifier or "not known",
                f"{genre.votes:,}",
                _cell(genre.liked, genre.interval),
            ]
            for genre in results.genres
        ]
        tables.append(Table("Genres", ["classifier", "votes", "voted up"], rows))
    return Section(_HEADING, [text], tables)


def measure_pairs(store: Store) -> Extra:
    """Return how often people preferred a drawn picture to another, not knowing which is which."""
    shares = read_pairs(store, store.settings.studio_feedback_days)
    if not shares:
        text = "No votes yet: people compare pictures on the Studio's page `pairs.html`."
        return Extra(None, {}, Section(_PAIRS, [text]))
    rows = [
        [one.generator, one.other, f"{one.votes:,}", f"{one.undecided:,}",
         _cell(one.preferred, one.interval)]
        for one in shares
    ]  # fmt: skip
    table = Table(
        "Votes of people who did not know which picture was drawn",
        ["drawn by", "beside", "votes", "undecided", "drawn one preferred"],
        rows,
        "95 % Wilson intervals, by title. Anybody may vote; the gate ignores these numbers.",
    )
    facts = {"shares": [asdict(one) for one in shares]}
    return Extra(facts, {}, Section(_PAIRS, [], [table]))


def _covers_table(test_covers: int, results: QueryResults) -> Table:
    rows = [
        [
            shown,
            _cell(votes.recall_at_10, votes.recall_interval),
            _cell(votes.median_rank, votes.median_interval, 1),
            _cell(votes.disliked_at_10, votes.disliked_interval),
        ]
        for name, shown in COMPARED.items()
        for votes in [results.models[name]]
    ]
    by_chance = chance(test_covers)
    recall, median = by_chance["recall_at_10"], by_chance["median_rank"]
    return Table(
        f"{results.liked:,} covers voted up and {results.disliked:,} voted down, "
        f"among {test_covers:,} test covers",
        ["model", "recall@10 of those voted up", "median rank", "voted down, among the first 10"],
        [*rows, ["chance", f"{recall:.3f}", f"{median:.1f}", f"{recall:.3f}"]],
        "For titles and authors as the users typed them. Users vote on covers that the serving "
        "model shows, which favours that model; the gate ignores these numbers. Fewer than "
        f"{MIN_VOTES} votes have no interval.",
    )


def _cell(value: float | None, interval: tuple[float, float] | None, digits: int = 3) -> str:
    return "-" if value is None else with_interval(value, interval, digits)
