"""Spark takes Java's classes from the archive, in a home whose name Java must not split.

Python takes PySpark from the installed, compiled package.
"""

import os
import subprocess
import sys
from pathlib import Path

import pyspark

from dustjacket.platform.spark_files import job_variables, properties_file, write_spark_files
from dustjacket.settings import Settings
from tests.conftest import STATE, fetch_jars

JOB = """
import pyspark
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
print(spark.range(3).count(), "rows")
print("driver", pyspark.__file__)
print("worker", spark.sparkContext.parallelize([0], 1).map(lambda _: pyspark.__file__).first())
"""


def test_a_job_takes_its_classes_from_the_archive(tmp_path):
    fetch_jars()
    home = tmp_path / "Bücher von mir"
    (home / "tmp").mkdir(parents=True)
    settings = Settings(_env_file=None, home=home, jars=STATE / "jars")
    write_spark_files(settings, [])
    job, log = tmp_path / "job.py", tmp_path / "classes.log"
    job.write_text(JOB)
    variables = job_variables(settings)
    variables["SPARK_SUBMIT_OPTS"] += f" -Xlog:class+load:file={log}"
    properties = ("--properties-file", properties_file(settings))
    done = subprocess.run(
        [Path(sys.executable).parent / "spark-submit", *properties, "--master", "local[1]", job],
        env={**os.environ, **variables, "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "3 rows" in done.stdout
    for process in ("driver", "worker"):
        assert f"{process} {pyspark.__file__}" in done.stdout
    loaded = [line for line in log.read_text().splitlines() if "org.apache.spark" in line]
    archived = [line for line in loaded if "shared objects file (top)" in line]
    assert len(archived) > 0.5 * len(loaded) > 1000
    assert "INFO" not in done.stderr, "logging is configured"
