"""The step ``label_catalog``: predict the subject of every book of the catalogue.

It also finds the books whose listed subject the classifier contradicts, by confident learning; see
:mod:`dustjacket.genres.label_noise` for the rule and its source.
"""

import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from dustjacket.catalog.read import read_books
from dustjacket.genres import out_of_fold
from dustjacket.genres.answers import Predictions
from dustjacket.genres.figures import bar_figure
from dustjacket.genres.read import load_scorer
from dustjacket.genres.scorer import Scorer
from dustjacket.labelling.published import LABELS, REVIEW, REVIEW_COLUMNS
from dustjacket.labelling.step import LabelCatalogParameters, LabelledCatalogFacts
from dustjacket.metrics.shares import wilson
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.runs import step_run
from dustjacket.sources.arrow import spark_schema

_COPIED = ("file", "position", "asin", "isbn13", "title", "author")
_SHARE = pa.struct([("subject", pa.string()), ("probability", pa.float64())])
SCHEMA = pa.schema(
    [
        ("file", pa.string()),
        ("position", pa.int64()),
        ("asin", pa.string()),
        ("isbn13", pa.string()),
        ("title", pa.string()),
        ("author", pa.string()),
        ("listed", pa.string()),
        ("listed_probability", pa.float64()),
        ("subject", pa.string()),
        ("probability", pa.float64()),
        ("alternatives", pa.list_(_SHARE)),
        ("sure", pa.bool_()),
        ("held_out", pa.bool_()),
        ("model_version", pa.string()),
        ("reviewed", pa.bool_()),
    ]
)
"""One row per book. ``subject`` is the likeliest, of which the classifier need not be ``sure``.

``held_out`` rows have out-of-fold predictions, as the classifier was trained on the book.
``reviewed`` rows have a listed subject that a person decided on: see the corrections of
``ingest_catalog``.
"""
_MAX_DESCRIPTION = 2000
_BOOKS_PER_TASK = 10_000


def label_catalog(job: Job[LabelCatalogParameters], spark: SparkSession) -> None:
    """Predict the subjects of all books of a catalogue with the champion, and publish them.

    The version has two tables: ``labels/`` (columns ``SCHEMA``) and ``review/`` (the books to
    review, those first that the classifier contradicts most).
    """
    catalog, classifier = job.input(Kind.CATALOG), job.input(Kind.GENRE_CLASSIFIER)
    with tempfile.TemporaryDirectory() as cache:
        scorer = load_scorer(job.store, classifier, Path(cache))
    shared = spark.sparkContext.broadcast(scorer)
    books = read_books(spark, job.store, catalog)
    rows = out_of_fold.with_probabilities(spark, job.store, classifier, books)
    tasks = max(1, -(-catalog.rows["accepted"] // _BOOKS_PER_TASK))
    label = make_labeller(lambda: shared.value, classifier.version, job.parameters.alternatives)
    names = [name for name in (*_COPIED, "description", "genre") if name in rows.columns]
    labels = (
        rows.select(*names, fn.col("corrected").alias("reviewed"), out_of_fold.PROBABILITIES)
        .repartition(tasks)
        .mapInPandas(label, spark_schema(SCHEMA))
    )
    labels.write.parquet(job.draft.uri(LABELS))
    published = spark.read.parquet(job.draft.uri(LABELS))
    contradicted = with_contradictions(published).cache()
    counted = contradicted.agg(
        fn.count("*").alias("labelled"),
        fn.count_if(~fn.col("sure")).alias("not_sure"),
        fn.count_if("held_out").alias("held_out"),
        fn.count_if("contradicted").alias("contradicted"),
    ).collect()[0]
    of_subjects = contradicted.where("sure").groupBy("subject").count().collect()
    subjects = {row["subject"]: int(row["count"]) for row in sorted(of_subjects)}
    to_review = _to_review(contradicted, books, job.parameters.review)
    body = io.BytesIO()
    to_review.to_parquet(body, index=False)
    job.draft.put(f"{REVIEW}/part-00000.parquet", body.getvalue())
    noise = counted["contradicted"] / counted["labelled"]
    facts = LabelledCatalogFacts(
        labelled=counted["labelled"],
        not_sure=counted["not_sure"],
        held_out=counted["held_out"],
        subjects=subjects,
        contradicted=counted["contradicted"],
        noise=noise,
        noise_interval=wilson(noise, counted["labelled"]),
        to_review=len(to_review),
    )
    with step_run(job):
        numbers = facts.model_dump(exclude={"subjects", "noise_interval"})
        mlflow.log_metrics({f"catalog.{name}": value for name, value in numbers.items()})
        mlflow.log_figure(bar_figure(subjects, "books by predicted subject"), "subjects.png")
        job.publish(
            rows={"labelled": facts.labelled},
            schema={field.name: field.dataType.simpleString() for field in published.schema},
            facts=facts,
        )


def make_labeller(
    scorer: Callable[[], Scorer], version: str, alternatives: int
) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    """Return a function for ``mapInPandas`` that labels rows of a catalogue.

    Args:
        scorer: returns the classifier; called in the worker.
        version: of the classifier.
        alternatives: the number of other subjects to record.
    """

    def label(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        model = scorer()
        places = {genre: place for place, genre in enumerate(model.genres)}
        for part in parts:
            missing = [name for name in (*_COPIED, "description") if name not in part]
            table = part.assign(**dict.fromkeys(missing))
            titles, authors = list(table["title"]), list(table["author"])
            descriptions = list(table["description"])
            held_out = table[out_of_fold.PROBABILITIES].notna().to_numpy()
            predicted = model.predict(titles, authors, descriptions=descriptions)
            probabilities = predicted.probabilities
            # Out-of-fold probabilities are from titles and authors alone.
            read = [
                None if held else text for held, text in zip(held_out, descriptions, strict=True)
            ]
            if held_out.any():
                probabilities[held_out] = np.stack(table.loc[held_out, out_of_fold.PROBABILITIES])
            doubts = model.doubts(probabilities, titles, read)
            answers = Predictions(model.genres, probabilities, doubts).answers(alternatives)
            given = [places.get(genre, -1) for genre in table["genre"]]
            listed = probabilities[np.arange(len(table)), given]
            yield pd.DataFrame(
                {
                    **{name: table[name] for name in _COPIED},
                    "listed": table["genre"],
                    "listed_probability": np.where(np.array(given) >= 0, listed, 0.0),
                    "subject": [answer.genre for answer in answers],
                    "probability": [answer.probability for answer in answers],
                    "alternatives": [
                        [{"subject": genre, "probability": share} for genre, share in each]
                        for each in (answer.alternatives for answer in answers)
                    ],
                    "sure": doubts == 0,
                    "held_out": held_out,
                    "model_version": version,
                    "reviewed": table["reviewed"],
                }
            )[SCHEMA.names]

    return label


def with_contradictions(labels: DataFrame) -> DataFrame:
    """Add ``contradicted``: whether confident learning suspects the listed subject.

    Args:
        labels: in the columns of ``SCHEMA``.
    """
    thresholds = labels.groupBy(fn.col("listed").alias("of")).agg(
        fn.mean("listed_probability").alias("threshold")
    )
    suspect = (
        (fn.col("subject") != fn.col("listed"))
        & (fn.col("probability") >= fn.col("threshold"))
        & ~fn.col("reviewed")
    )
    joined = labels.join(fn.broadcast(thresholds), fn.col("subject") == fn.col("of"), "left")
    return joined.withColumn("contradicted", fn.coalesce(suspect, fn.lit(False))).drop(
        "of", "threshold"
    )


def _to_review(labels: DataFrame, books: DataFrame, most: int) -> pd.DataFrame:
    """Return the contradicted books with the widest margins, in ``REVIEW_COLUMNS``."""
    margin = fn.col("listed_probability") - fn.col("probability")
    ranked = labels.where("contradicted").orderBy(margin, "file", "position").limit(most)
    chosen: pd.DataFrame = ranked.toPandas()
    known = [name for name in ("description", "image_url") if name in books.columns]
    keys = labels.where("contradicted").select("file", "position")
    texts = books.join(keys, ["file", "position"]).select("file", "position", *known).toPandas()
    found = chosen.merge(texts, "left", ["file", "position"])
    if "description" in found:
        found["description"] = found["description"].str[:_MAX_DESCRIPTION]
    return found.reindex(columns=list(REVIEW_COLUMNS))
