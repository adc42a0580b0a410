"""The options of a Spark session, without starting one."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from dustjacket.pipeline import spark
from dustjacket.settings import Settings


class Builder:
    """Records what a session would be built with."""

    def __init__(self):
        self.options = {}

    def config(self, key, value):
        self.options[key] = value
        return self

    def appName(self, _):  # noqa: N802  # Spark's own name
        return self

    master = appName

    def getOrCreate(self):  # noqa: N802
        return SimpleNamespace(sparkContext=SimpleNamespace(setLogLevel=lambda _: None))


@pytest.mark.parametrize("master", ["local[2]", "spark://host:7077"])
def test_uploads_wait_below_no_folder_that_others_can_foresee(monkeypatch, tmp_path, master):
    builder = Builder()
    monkeypatch.setattr(spark, "SparkSession", SimpleNamespace(builder=builder))
    monkeypatch.setattr(spark, "SparkContext", SimpleNamespace(setSystemProperty=lambda *_: None))
    monkeypatch.setattr(spark, "SparkConf", lambda: SimpleNamespace(get=lambda *_: None))
    spark.session(Settings(_env_file=None, home=tmp_path, spark_master=master), "a job")
    folder = Path(builder.options["spark.hadoop.fs.s3a.buffer.dir"])
    if master.startswith("local"):
        assert folder.is_relative_to(tmp_path)
        assert builder.options["spark.authenticate"] == "true"
    else:
        assert not folder.is_absolute(), "it is in the folder that a worker gives to a job"
