"""The step ``ingest_catalog``: publish the books of a listing; no row is lost."""

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError

from dustjacket.catalog.block_updates import merge_block_updates
from dustjacket.catalog.chunks import PART_BYTES, ListingFiles, find_chunks, find_files
from dustjacket.catalog.columns import file_facts
from dustjacket.catalog.decide import DECIDED, ROWS, decide
from dustjacket.catalog.parse import ParseChunk, name_shown
from dustjacket.catalog.read import BOOKS
from dustjacket.catalog.second_source import read_joins
from dustjacket.catalog.statistics import CatalogStatistics, changes, statistics_of
from dustjacket.catalog.step import CatalogFacts, CatalogParameters
from dustjacket.catalog.write import BOOKS_SCHEMA, DECISIONS, REJECTED, WriteFile, output_files
from dustjacket.errors import BadInputError, CorruptVersionError, HeldBackError
from dustjacket.identity.groups import groups_of
from dustjacket.pipeline.engine import Engine, in_processes, in_this_process, on_spark
from dustjacket.pipeline.job import Job
from dustjacket.records.erased import discard_sources
from dustjacket.records.expectations import BrokenRules, broken_rules, read_schema
from dustjacket.records.options import options_of
from dustjacket.sources.arrow import type_names
from dustjacket.splits import split_of
from dustjacket.storage.task_files import TaskFiles

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = logging.getLogger(__name__)

_MAX_REASONS = 3
CURES = {
    "rare_genre": "its genres have too few books each: lower min_rows_per_genre",
    "no_title": "its titles are empty: set title_column",
    "punctuation_title": "its titles are signs: set title_column",
    "no_genre": "its genres are empty: set genre_column",
    "unknown_genre": "its genres are not those of the parameter genres: change that",
    "genre_too_long": "its genres are whole texts: set genre_column",
    "wrong_column_count": "its records have more or fewer fields than its header: set separator",
    "malformed_quotes": "its quotes do not pair up: save it again as CSV",
    "unclosed_quote": "its quotes do not pair up: save it again as CSV",
    "malformed_json": "its lines are no JSON objects: give one object a line",
    "empty_field": "each row has an empty field: set clean to books",
}
"""What to do where most rows of a listing are rejected for a reason."""
_SHOWN_FILES = 100


def ingest_catalog(job: Job[CatalogParameters], spark: "SparkSession | None") -> None:
    """Read a listing and publish its books, and every rejected row with its reason.

    The version has two tables: ``books/`` (columns ``BOOKS_SCHEMA``; ``genres`` counts the rows of
    the listing for each genre of the book) and ``rejected/`` (columns ``REJECTED_SCHEMA``;
    ``offset`` is the byte at which the record begins, and ``raw`` is a
    :func:`dustjacket.sources.encoding.raw_text`).

    Args:
        spark: without it, all runs on this machine, and nothing is logged to MLflow.

    Raises:
        BadInputError: the source is no listing, every row is rejected, or the rules are none.
        HeldBackError: the listing changed too much since the last version, or breaks a rule.
    """
    parameters = job.parameters
    rules = read_schema(parameters.expectations, job.store, BOOKS_SCHEMA.names)
    files = find_files(parameters, job.store)
    statistics = write_catalog(job, files, spark)
    discard_sources(files.staged, parameters.files, job.store)
    if not statistics.rows_accepted:
        raise BadInputError(nothing_accepted(parameters.source, statistics.rejected_by_reason))
    reason = held_back(job, statistics, parameters)
    broken = broken_rules(rules, parameters.expectations, job.store, job.draft, BOOKS)
    if spark is None:
        _publish(job, files, statistics, reason, broken)
        return
    from dustjacket.catalog.track import track
    from dustjacket.pipeline.runs import step_run
    from dustjacket.sources.rejects import examples

    rejected = spark.read.parquet(job.draft.uri(REJECTED))
    with step_run(job):
        verdict = "held_back" if reason or broken else "accepted"
        track(statistics, examples(rejected, "file", "position"), verdict, broken)
        _publish(job, files, statistics, reason, broken)


def nothing_accepted(source: str, by_reason: Mapping[str, int]) -> str:
    """Return the line for a listing of which no row is accepted: what is wrong, and the cure."""
    if not by_reason:
        return f"listing {source!r} has a header but no row: give a listing with books"
    counts = ", ".join(f"{reason} {rows:,}" for reason, rows in list(by_reason.items())[:5])
    cure = CURES.get(next(iter(by_reason)), "`dustjacket ingest catalog … --preview` shows why")
    return f"listing {source!r}: no row is accepted ({counts}): {cure}"


def _publish(
    job: Job[CatalogParameters],
    files: ListingFiles,
    statistics: CatalogStatistics,
    held_back_reason: str | None,
    broken: BrokenRules | None,
) -> None:
    if broken:
        raise HeldBackError(f"listing {broken.sentence(job.parameters.source)}")
    if held_back_reason and not job.parameters.accept_changes:
        raise HeldBackError(held_back_reason)
    rejected = statistics.rows_read - statistics.rows_accepted
    job.publish(
        rows={"accepted": statistics.rows_accepted, "rejected": rejected},
        schema=type_names(BOOKS_SCHEMA),
        facts=CatalogFacts(
            rows_read=statistics.rows_read,
            rows_accepted=statistics.rows_accepted,
            rows_rejected=rejected,
            rejected_by_reason=statistics.rejected_by_reason,
            files=[file_facts(file.name, found) for file, found in files.tables[:_SHOWN_FILES]],
            passed_over=dict(list(files.passed_over.items())[:_SHOWN_FILES]),
            profile=statistics.model_dump(mode="json"),
            verdict=f"changes accepted: {held_back_reason}" if held_back_reason else "accepted",
        ),
    )


def write_catalog(
    job: Job[CatalogParameters], files: ListingFiles, spark: "SparkSession | None"
) -> CatalogStatistics:
    """Write all files of a version of the catalogue, and return the statistics.

    Tasks parse chunks into the draft's scratch. Then this process decides the whole listing by its
    slim columns, and tasks write the decided rows.

    Raises:
        BadInputError: a file is damaged.
    """
    parameters = job.parameters
    run: Engine = in_this_process
    if spark:
        run = on_spark(spark)
    elif sum(file.size for file, _ in files.tables) > PART_BYTES:
        run = in_processes
    discarded = job.draft.scratch()
    scratch = TaskFiles.of(job.store, discarded.prefix)
    options = options_of(parameters, parameters.genres, job.store)
    joins = read_joins(files, parameters, options, job.store, scratch)
    parse = ParseChunk(scratch, parameters, options, joins.joined if joins else None)
    rows_of_chunks = []
    chunks = list(find_chunks(files, job.store))
    for rows in run(parse, chunks):
        rows_of_chunks.append(rows)
        log.info("%d rows read", sum(rows_of_chunks))
    slim = [_read_slim(scratch, chunk) for chunk in range(len(rows_of_chunks))]
    order = {file: place for place, (file, _) in enumerate(files.tables)}
    for number in merge_block_updates(pa.concat_tables(slim), chunks, order, parse):
        slim[number] = _read_slim(scratch, number)
    decided = decide_listing(pa.concat_tables(slim), parameters, list(map(name_shown, order)))
    log.info("writing %d rows", len(decided))
    outputs, place = [], 0
    for output, rows in output_files(rows_of_chunks):
        scratch.write(f"decided/{output.number:06}", decided.slice(place, rows).select(DECISIONS))
        outputs.append(output)
        place += rows
    for _ in run(WriteFile(scratch, TaskFiles.of(job.store, job.draft.prefix)), outputs):
        pass
    discarded.discard()
    return statistics_of(decided)


def _read_slim(scratch: TaskFiles, chunk: int) -> pa.Table:
    with scratch.opened(f"slim/{chunk:06}") as stored:
        return stored.read()


def decide_listing(
    slim: pa.Table, parameters: CatalogParameters, files: Sequence[str] = ()
) -> pa.Table:
    """Return ``slim`` with the columns of ``DECIDED`` for every row of the listing.

    Args:
        slim: all rows, in the columns of :data:`dustjacket.catalog.parse.SLIM`.
        files: names in the order in which their records apply; empty: by name.
    """
    passed = pc.is_null(slim["reason"])
    rows = slim.filter(passed).select(ROWS.names)
    if files:
        places = pc.index_in(rows["file"], pa.array(files, pa.string()))
        places = pc.utf8_lpad(places.cast(pa.string()), 10, "0")
        rows = rows.set_column(rows.schema.get_field_index("file"), "file", places)
    if parameters.clean == "books":
        decided = decide(rows, parameters.min_rows_per_genre)
    else:
        decided = _all_accepted(rows)
    # Each row that passed takes the next decision; the others take none.
    places = pc.if_else(passed, pc.subtract(pc.cumulative_sum(passed.cast(pa.int64())), 1), None)
    own = slim.drop_columns(["reason", "genre"])
    for name in DECISIONS:
        column = decided[name].take(places)
        if name == "reason":
            column = pc.coalesce(slim["reason"], column)
        own = own.append_column(name, column)
    return own


def _all_accepted(rows: pa.Table) -> pa.Table:
    groups = groups_of(rows)
    genres = [[{"genre": genre, "rows": 1}] for genre in rows["genre"].to_pylist()]
    columns = {
        "reason": pa.nulls(len(rows), pa.string()),
        "genre": rows["genre"],
        "genres": genres,
        "group": groups,
        "split": [split_of(group) for group in groups.to_pylist()],
        "book": range(len(rows)),
    }
    return pa.table(columns, schema=pa.schema([DECIDED.field(name) for name in columns]))


def held_back(
    job: Job[CatalogParameters], statistics: CatalogStatistics, parameters: CatalogParameters
) -> str | None:
    """Return why the version changed too much to be published, or None; see :func:`changes`.

    A damaged last version holds the listing back too: nobody knows how much has changed.
    """
    try:
        before = job.store.newest(job.draft.kind)
        profile = CatalogFacts.of(before).profile if before else None
        earlier = CatalogStatistics.model_validate(profile) if profile else None
    except (CorruptVersionError, ValidationError) as error:
        return (
            f"listing {parameters.source!r} is held back: the last version cannot be compared with "
            f"({str(error).splitlines()[0]}). Set accept_changes to publish it anyway"
        )
    if before is None or earlier is None:
        return None
    changed = changes(earlier, statistics, parameters)
    if not changed:
        return None
    more = f" and {len(changed) - _MAX_REASONS} more" if len(changed) > _MAX_REASONS else ""
    return (
        f"listing {parameters.source!r} is held back: compared with "
        f"{before.kind}/{before.version}, {'; '.join(changed[:_MAX_REASONS])}{more}. "
        "Set accept_changes to publish it anyway"
    )
