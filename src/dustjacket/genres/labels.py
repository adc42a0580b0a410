"""The step ``label_covers``: predict the genre of every cover from its title and author."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as fn

from dustjacket.covers.read import INDEX
from dustjacket.genres import out_of_fold
from dustjacket.genres.facts import ClassifierFacts, LabelFacts
from dustjacket.genres.figures import accuracy_figure, bar_figure
from dustjacket.genres.label_accuracy import accuracies, count_by_genre, earlier_accuracies
from dustjacket.genres.published_labels import LABELS
from dustjacket.genres.read import load_scorer
from dustjacket.genres.reservations import may_train, reserved_books
from dustjacket.genres.scorer import Scorer
from dustjacket.genres.scores import logarithms
from dustjacket.genres.step import LabelParameters
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.runs import step_run
from dustjacket.sources.arrow import spark_schema

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
            ("sure", pa.bool_()),
            ("entropy", pa.float64()),
            ("model_version", pa.string()),
            ("held_out", pa.bool_()),
            ("training", pa.bool_()),
            ("top", pa.list_(pa.struct([("genre", pa.string()), ("probability", pa.float64())]))),
            *_COPIED,
        ]
    )
)
_COVERS_PER_TASK = 10_000


def label_covers(job: Job[LabelParameters], spark: SparkSession) -> None:
    """Predict the genres of all covers of a version with the champion, and publish them.

    A book that the champion was trained on has its out-of-fold probabilities.
    """
    covers = job.input(Kind.COVERS)
    classifier = job.input(Kind.GENRE_CLASSIFIER)
    with tempfile.TemporaryDirectory() as cache:
        scorer = load_scorer(job.store, classifier, Path(cache))
    shared = spark.sparkContext.broadcast(scorer)
    index = spark.read.parquet(*job.store.verified_uris(covers, f"{INDEX}/"))
    rows = out_of_fold.with_probabilities(spark, job.store, classifier, index)
    reserved = reserved_books(job.store, classifier)
    tasks = max(1, -(-covers.rows["accepted"] // _COVERS_PER_TASK))
    labels = rows.repartition(tasks).mapInPandas(
        make_labeller(lambda: shared.value, classifier.version, job.parameters.top, reserved),
        _SCHEMA,
    )
    labels.write.parquet(job.draft.uri(LABELS))
    counts = [
        fn.count("*").alias("covers"),
        fn.sum("probability").alias("total"),
        fn.sum(fn.col("probability") ** 2).alias("squares"),
        fn.count_if("held_out").alias("held_out"),
        fn.count_if("sure").alias("sure"),
        fn.count_if(~fn.col("training")).alias("reserved"),
    ]
    published = spark.read.parquet(job.draft.uri(LABELS))
    rows_of_genres = published.groupBy("genre", "category").agg(*counts).collect()
    counted = [row.asDict() for row in rows_of_genres]
    genres = count_by_genre(counted)
    accuracy = accuracies(counted, scorer.genres, ClassifierFacts.of(classifier).imbalance)
    labelled, held_out = sum(genres.values()), sum(row["held_out"] for row in counted)
    sure = sum(row["sure"] for row in counted)
    n_reserved = sum(row["reserved"] for row in counted)
    with step_run(job):
        mlflow.log_metrics(
            {"labelled": labelled, "sure": sure, "held_out": held_out, "reserved": n_reserved}
        )
        mlflow.log_metrics({f"accuracy.{name}": found.value for name, found in accuracy.items()})
        mlflow.log_figure(bar_figure(genres, "covers by predicted genre"), "labels.png")
        if accuracy:
            series = [*earlier_accuracies(job.store), (job.draft.version, accuracy)]
            mlflow.log_figure(accuracy_figure(series), "accuracy.png")
        job.publish(
            rows={"labelled": labelled},
            schema={field.name: field.dataType.simpleString() for field in labels.schema},
            facts=LabelFacts(
                labelled=labelled,
                sure=sure,
                held_out=held_out,
                reserved=n_reserved,
                genres=genres,
                accuracy={name: asdict(found) for name, found in accuracy.items()},
            ),
        )


def make_labeller(
    scorer: Callable[[], Scorer],
    version: str,
    top: int,
    reserved: frozenset[str] = frozenset(),
) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """Return a function for ``mapInPandas`` that labels rows of the covers' index.

    The rows have the column ``out_of_fold``. Where it has probabilities, they are the label's, and
    the row is ``held_out``: the classifier was trained on that book. It predicts all others.

    Args:
        scorer: returns the classifier; called in the worker.
        version: of the classifier.
        top: the number of likeliest genres to record.
        reserved: books on which no model may be trained; see
            :func:`dustjacket.genres.reservations.reserved_books`.
    """

    def label(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        model = scorer()
        for part in parts:
            held_out = part[out_of_fold.PROBABILITIES].notna().to_numpy()
            probabilities = np.empty((len(part), len(model.genres)))
            others = part[~held_out]
            probabilities[~held_out] = model.probabilities(
                list(others["title"]), list(others["author"])
            )
            if held_out.any():
                probabilities[held_out] = np.stack(part.loc[held_out, out_of_fold.PROBABILITIES])
            order = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
            best = [
                [{"genre": model.genres[i], "probability": float(row[i])} for i in likeliest]
                for row, likeliest in zip(probabilities, order, strict=True)
            ]
            yield pd.DataFrame(
                {
                    "key": part["key"],
                    "genre": [genres[0]["genre"] for genres in best],
                    "probability": [genres[0]["probability"] for genres in best],
                    "sure": model.doubts(probabilities, list(part["title"])) == 0,
                    "entropy": entropy(probabilities),
                    "model_version": version,
                    "held_out": held_out,
                    "training": may_train(part, reserved),
                    "top": best,
                    **{name: part[name] for name in _COPIED.names},
                }
            )

    return label


def entropy(probabilities: np.ndarray) -> np.ndarray:
    """Return (rows,) entropies in nats of (rows, genres): from 0 to log(genres) (Shannon 1948)."""
    return np.asarray(-(probabilities * logarithms(probabilities)).sum(axis=1))
