"""Milliseconds a title and titles a second of the Spark-free scorer, beside its peers.

Trained on the first real listing in ``../shared/data``, or what ``DATA`` names. Peers are Spark's
``PipelineModel.transform`` on one row, for a logistic regression, and scikit-learn's
``predict_proba``, for a calibrated linear SVM on words and character n-grams.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import run
from tempfile import TemporaryDirectory

import numpy as np
from pyspark.ml import Pipeline
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.feature import IDF, CountVectorizer, Normalizer, RegexTokenizer, StringIndexer
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from dustjacket.genres.read import load_scorer
from tests.benchmarks.measure import line
from tests.benchmarks.peers import ngrams, with_text
from tests.benchmarks.selection_accuracy import REAL, SHARED
from tests.support.stores import bench

SELECTIONS = (
    (("logistic_regression",), 20_000),
    (("complement_nb", "linear_svm", "vote"), 20_000),
    (("complement_nb_sentences", "linear_svm_sentences", "vote"), 2_000),
)
"""What is selected from, and how many titles its rate is measured on."""
WARM, ONES, MANY = 20, 300, 20_000


def latencies(ask: Callable[[int], object], count: int) -> tuple[float, float]:
    """Return the median and the 99th percentile of asking for one title, in milliseconds."""
    for number in range(WARM):
        ask(number)
    taken = []
    for number in range(count):
        began = time.perf_counter()
        ask(number)
        taken.append(1000 * (time.perf_counter() - began))
    return float(np.median(taken)), float(np.percentile(taken, 99))


def rate(ask: Callable[[], object], count: int) -> float:
    """Return titles a second, the median of three."""
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - began)
    return count / float(np.median(taken))


def seconds_to_load(folder: Path) -> float:
    """Return the seconds of a fresh Python from importing the scorer to its first answer."""
    code = (
        "import time; began = time.perf_counter()\n"
        "from pathlib import Path\n"
        "from dustjacket.genres.scorer import Scorer\n"
        f"Scorer.load(Path({str(folder)!r})).probabilities(['The Time Machine'], [None])\n"
        "print(time.perf_counter() - began)"
    )
    return float(run([sys.executable, "-c", code], capture_output=True, check=True).stdout)


def main() -> None:
    """Measure both kinds of scorer and both peers."""
    data = Path(os.environ.get("DATA") or SHARED / REAL[0]).absolute()
    if not data.exists():
        sys.exit(f"{data} is not there: name a listing as DATA=")
    with bench("bench-scorer") as alone, TemporaryDirectory() as scratch:
        catalog = alone.run("ingest_catalog", source=str(data))
        books = alone.spark.read.parquet(alone.store.uri(catalog, "books"))
        table = with_text(books.toPandas())
        many = table.sample(MANY, replace=True, random_state=13)
        titles, authors = list(many["title"]), list(many["author"])

        spark = Pipeline(
            stages=[
                StringIndexer(inputCol="genre", outputCol="label", handleInvalid="keep"),
                RegexTokenizer(inputCol="title", outputCol="words", pattern=r"\W"),
                CountVectorizer(inputCol="words", outputCol="counts"),
                IDF(inputCol="counts", outputCol="weighted"),
                Normalizer(inputCol="weighted", outputCol="features"),
                LogisticRegression(maxIter=25, regParam=1e-4),
            ]
        ).fit(books)
        svm = make_pipeline(
            ColumnTransformer(ngrams(2)), CalibratedClassifierCV(LinearSVC(), cv=3, ensemble=False)
        ).fit(table, table["genre"])

        def ask_spark(number: int) -> object:
            row = [("?", titles[number])]
            asked = alone.spark.createDataFrame(row, "genre string, title string")
            return spark.transform(asked).select("probability").collect()

        peers = {
            "PipelineModel.transform": latencies(ask_spark, 30),
            "predict_proba": latencies(lambda n: svm.predict_proba(many.iloc[n : n + 1]), ONES),
        }
        peer_rate = rate(lambda: svm.predict_proba(many), MANY)
        for candidates, some in SELECTIONS:
            published = alone.run("select_classifier", candidates=candidates)
            scorer = load_scorer(alone.store, published, Path(scratch))
            p50, p99 = latencies(
                lambda n, s=scorer: s.probabilities([titles[n]], [authors[n]]), ONES
            )
            for peer, (theirs, theirs_worst) in peers.items():
                note = f"{scorer.name}, one title; p99 {p99:.1f} ms, {peer}'s {theirs_worst:.1f} ms"
                line("scorer-latency", p50, theirs, "ms", ONES, note, digits=2)
            ours = rate(lambda s=scorer, n=some: s.probabilities(titles[:n], authors[:n]), some)
            line("scorer-rate", ours, peer_rate, "titles/s", some, f"{scorer.name}, predict_proba")
            folder = Path(scratch) / published.kind / published.version
            loaded = seconds_to_load(folder)
            note = f"{scorer.name}: import, load, first answer; 2 is wanted"
            line("scorer-load", loaded, 2, "s", 1, note, digits=2)


if __name__ == "__main__":
    main()
