"""Spark and one process give the same version of covers."""

import pandas as pd

from dustjacket.sample import make_sample
from tests.support.covers_run import run


def test_spark_and_one_process_write_the_same_files(spark, tmp_path):
    library = make_sample(tmp_path / "library", rows=10, covers=60, seed=5)
    parameters = {"covers_per_shard": 20}
    on_spark = run(spark, library.covers, tmp_path / "spark", **parameters)
    here = run(None, library.covers, tmp_path / "here", **parameters)
    assert on_spark.result == here.result
    assert on_spark.shards() == here.shards()
    for table in ("index", "rejected", "duplicates"):
        pd.testing.assert_frame_equal(on_spark.table(table), here.table(table))
