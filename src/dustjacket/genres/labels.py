"""The step ``label_covers``: predict the genre of every cover from its title and author."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import SparkSession

from dustjacket.genres.figures import bar_figure
from dustjacket.genres.published_labels import LABELS
from dustjacket.genres.read import load_scorer
from dustjacket.genres.scorer import Scorer
from dustjacket.genres.scores import logarithms
from dustjacket.genres.step import LabelFacts, LabelParameters
from dustjacket.pipeline.job import Job
from dustjacket.sources.arrow import spark_schema
from dustjacket.tracking import runs as tracking

_COPIED = pa.schema(
    [
        ("title", pa.string()),
        ("author", pa.string()),
        ("category", pa.string()),
        ("group", pa.string()),
        ("split", pa.string()),
        ("position", pa.int64()),
        ("shard", pa.string()),
        ("offset", pa.int64()),
        ("size", pa.int64()),
        ("sha256", pa.string()),
    ]
)
_SCHEMA = spark_schema(
    pa.schema(
        [
            ("key", pa.string()),
            ("genre", pa.string()),
            ("probability", pa.float64()),
            ("entropy", pa.float64()),
            ("model_version", pa.string()),
            ("top", pa.list_(pa.struct([("genre", pa.string()), ("probability", pa.float64())]))),
            *_COPIED,
        ]
    )
)
_COVERS_PER_TASK = 10_000


def label_covers(job: Job[LabelParameters], spark: SparkSession) -> None:
    """Label all covers of a version with the classifier in use, and publish the labels."""
    covers = job.input("covers")
    classifier = job.input("genre_classifier")
    with tempfile.TemporaryDirectory() as cache:
        scorer = load_scorer(job.store, classifier, Path(cache))
    shared = spark.sparkContext.broadcast(scorer)
    index = spark.read.parquet(job.store.uri(covers, "index"))
    tasks = max(1, -(-covers.rows["accepted"] // _COVERS_PER_TASK))
    labels = index.repartition(tasks).mapInPandas(
        labeller(lambda: shared.value, classifier.version, job.parameters.top), _SCHEMA
    )
    labels.write.parquet(job.draft.uri(LABELS))
    counted = spark.read.parquet(job.draft.uri(LABELS)).groupBy("genre").count().collect()
    genres = {row["genre"]: int(row["count"]) for row in sorted(counted)}
    labelled = sum(genres.values())
    with tracking.step_run(job):
        mlflow.log_metric("labelled", labelled)
        mlflow.log_figure(bar_figure(genres, "covers by predicted genre"), "labels.png")
        job.publish(
            rows={"labelled": labelled},
            schema={field.name: field.dataType.simpleString() for field in labels.schema},
            facts=LabelFacts(labelled=labelled, genres=genres),
        )


def labeller(
    scorer: Callable[[], Scorer], version: str, top: int
) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """Return what labels covers' rows, part after part.

    Args:
        version: of the classifier.
        top: how many of the likeliest genres to record.
    """

    def label(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        model = scorer()
        for part in parts:
            found = model.probabilities(list(part["title"]), list(part["author"]))
            order = np.argsort(-found, axis=1, kind="stable")[:, :top]
            best = [
                [{"genre": model.genres[at], "probability": float(row[at])} for at in places]
                for row, places in zip(found, order, strict=True)
            ]
            yield pd.DataFrame(
                {
                    "key": part["key"],
                    "genre": [likeliest[0]["genre"] for likeliest in best],
                    "probability": [likeliest[0]["probability"] for likeliest in best],
                    "entropy": entropy(found),
                    "model_version": version,
                    "top": best,
                    **{name: part[name] for name in _COPIED.names},
                }
            )

    return label


def entropy(probabilities: np.ndarray) -> np.ndarray:
    """Return (rows,) in nats, of (rows, genres): 0 is sure of one genre, log(genres) of none."""
    return np.asarray(-(probabilities * logarithms(probabilities)).sum(axis=1))
