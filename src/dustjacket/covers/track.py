"""Metrics, examples and figures of an ingestion of covers, in MLflow."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import mlflow
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from dustjacket.covers.figures import contact_sheet
from dustjacket.covers.publish import REJECTED
from dustjacket.covers.read import DUPLICATES, INDEX
from dustjacket.covers.result import CoversResult
from dustjacket.covers.s3_prefix import S3Prefix
from dustjacket.covers.step import CoversParameters
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.runs import step_run
from dustjacket.records.expectations import VIOLATIONS, BrokenRules
from dustjacket.sources.rejects import examples

_FIGURE_COVERS = 24
_EXAMPLE_PAIRS = 100
_SIZE_COLUMNS = ("original_width", "original_height", "original_bytes", "width", "height", "size")


@contextmanager
def tracked(
    job: Job[CoversParameters],
    spark: SparkSession,
    result: CoversResult,
    out: S3Prefix,
    broken: BrokenRules | None,
) -> Iterator[None]:
    """Open the run of the step and log what was written below ``out``, before the block."""
    index, duplicates = (_table(out, each) for each in (INDEX, DUPLICATES))
    rejected = spark.read.parquet(out.uri(REJECTED))
    with step_run(job):
        mlflow.log_metrics(_metrics(result, index, duplicates))
        mlflow.log_table(examples(rejected, "position"), "rejected_covers.json")
        mlflow.log_table(duplicates.slice(0, _EXAMPLE_PAIRS).to_pandas(), "duplicates.json")
        mlflow.log_figure(contact_sheet(_first_covers(out, index)), "covers.png")
        if broken:
            mlflow.log_table(broken.table(), VIOLATIONS)
        yield


def _table(out: S3Prefix, folder: str) -> pa.Table:
    parts = (pq.read_table(io.BytesIO(out.read(path))) for path in out.files(folder))
    return pa.concat_tables(parts)


def _metrics(result: CoversResult, index: pa.Table, duplicates: pa.Table) -> dict[str, float]:
    """Return counts, and minimum, median and maximum of sizes in pixels and bytes."""
    counts: dict[str, float] = {
        name: getattr(result, name) for name in ("accepted", "rejected", "retriable", "reserved")
    }
    counts["read"] = result.accepted + result.rejected
    counts |= {f"rejected.{reason}": n for reason, n in result.by_reason.items()}
    pairs = duplicates.group_by(["kind", "decision"]).aggregate([([], "count_all")])
    for pair in pairs.to_pylist():
        counts[f"pairs.{pair['kind']}.{pair['decision']}"] = pair["count_all"]
    for name in _SIZE_COLUMNS:
        sizes = index[name].to_pylist()
        for label, aggregate in (("min", min), ("median", median), ("max", max)):
            counts[f"{name}.{label}"] = aggregate(sizes)
    return {f"covers.{name}": n for name, n in counts.items()}


def _first_covers(out: S3Prefix, index: pa.Table) -> list[tuple[str, bytes]]:
    return [
        (row["title"], out.read(row["shard"], row["offset"], row["size"]))
        for row in index.slice(0, _FIGURE_COVERS).to_pylist()
    ]
