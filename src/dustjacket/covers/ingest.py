"""The step ``ingest_covers``: from a cover set to shards of covers that are all alike."""

import logging

import mlflow
import pandas as pd
from pyspark.sql import SparkSession

from dustjacket import tracking
from dustjacket.books import book_group, split_of
from dustjacket.covers.figures import contact_sheet
from dustjacket.covers.find import CURE, find_rows
from dustjacket.covers.groups import duplicates, joined
from dustjacket.covers.pack import CHECKED, packer
from dustjacket.covers.read import INDEX, read_image
from dustjacket.errors import BadInputError
from dustjacket.job import Job
from dustjacket.parameters import CoversParameters
from dustjacket.records import decode, raw_bytes

log = logging.getLogger(__name__)

REJECTED = "rejected"
_INDEX = (
    "key string, title string, author string, category string, shard string, offset long, "
    "size long, width int, height int, sha256 string, dhash string, group string, split string, "
    "position long"
)
_SHOWN = 24
_EXAMPLES = 20
_EXAMPLE_LENGTH = 500


def ingest_covers(job: Job, spark: SparkSession) -> None:
    """Read a cover set and publish its covers, with every rejected row and the reason why.

    Raises:
        BadInputError: the source has no table of covers, or no row of it can be accepted.
    """
    parameters = CoversParameters.model_validate(job.plan.parameters)
    rows = find_rows(parameters.source, job.store)
    found = rows[rows["reason"].isna()]
    log.info("%d rows name %d images", len(rows), len(found))
    checked = spark.createDataFrame(
        pd.DataFrame(
            {
                "position": found["position"],
                "bucket": found["bucket"],
                "object": found["object"],
                "number": range(len(found)),
            }
        ),
        "position long, bucket string, object string, number long",
    )
    shards = -(-len(found) // parameters.covers_per_shard) or 1
    kept = (
        checked.selectExpr("*", f"number div {parameters.covers_per_shard} as chunk")
        .repartition(shards, "chunk")
        .groupBy("chunk")
        .applyInPandas(
            packer(
                job.settings, (job.draft.kind, job.draft.version, job.draft.attempt), parameters
            ),
            CHECKED,
        )
        .toPandas()
    )
    index, rejected = settle(rows, kept)
    if index.empty:
        reasons = rejected["reason"].value_counts().to_dict()
        raise BadInputError(f"covers {parameters.source!r}: no row is accepted ({reasons}): {CURE}")
    spark.createDataFrame(index, _INDEX).coalesce(1).write.parquet(job.draft.uri(INDEX))
    spark.createDataFrame(rejected, "position long, reason string, raw string").coalesce(
        1
    ).write.parquet(job.draft.uri(REJECTED))
    by_reason = {str(k): int(v) for k, v in rejected["reason"].value_counts().items()}
    counts = {"read": len(rows), "accepted": len(index), "rejected": len(rejected)}
    with tracking.step_run(job, tracking.INGESTION):
        mlflow.log_metrics({f"covers.{name}": count for name, count in counts.items()})
        mlflow.log_metrics({f"covers.rejected.{name}": n for name, n in by_reason.items()})
        mlflow.log_table(examples(rejected), "rejected_covers.json")
        mlflow.log_figure(contact_sheet(_shown(job, index.head(_SHOWN))), "covers.png")
        job.publish(
            rows={"accepted": len(index), "rejected": len(rejected)},
            schema=dict(field.split() for field in _INDEX.split(", ")),
            facts={**counts, "rejected_by_reason": by_reason},
        )


def _shown(job: Job, books: pd.DataFrame) -> list[tuple[str, bytes]]:
    return [(book["title"], read_image(job.store, job.draft, book)) for _, book in books.iterrows()]


def examples(rejected: pd.DataFrame) -> pd.DataFrame:
    """Return the first rejected rows of each reason, their beginnings as people read them."""
    few = rejected.groupby("reason").head(_EXAMPLES)
    raw = [decode(raw_bytes(raw))[:_EXAMPLE_LENGTH] for raw in few["raw"]]
    return few.assign(raw=raw).sort_values(["reason", "position"])


def settle(rows: pd.DataFrame, checked: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the index and the rejected rows; every row is in one of them.

    Copies of one book's cover are rejected but for the first; different books that look alike
    are kept, and share a group.

    Args:
        rows: what :func:`find_rows` found.
        checked: what :func:`packer` made of those that name an image.
    """
    known = rows.drop(columns="reason").merge(
        pd.concat([checked, rows.loc[rows["reason"].notna(), ["position", "reason"]]]),
        on="position",
        how="left",
        validate="one_to_one",
    )
    books = known[known["reason"].isna()].sort_values("position").reset_index(drop=True)
    groups = [book_group(*book) for book in zip(books["title"], books["author"], strict=True)]
    hashes = list(books["dhash"])
    again = duplicates(groups, hashes)
    known.loc[known["position"].isin(books.loc[again, "position"]), "reason"] = "duplicate"
    index = books.assign(
        key=[f"{position:08d}" for position in books["position"]], group=joined(groups, hashes)
    ).drop(index=again)
    index["split"] = [split_of(group) for group in index["group"]]
    # Numbers of the rejected are missing, which made all of them floats.
    index = index.astype(dict.fromkeys(("offset", "size", "width", "height", "position"), int))
    rejected = known.loc[known["reason"].notna(), ["position", "reason", "raw"]]
    if len(index) + len(rejected) != len(rows):
        raise RuntimeError(f"{len(rows)} rows read, {len(index)} + {len(rejected)} accounted for")
    return index[[field.split()[0] for field in _INDEX.split(", ")]], rejected
