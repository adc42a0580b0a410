"""One Spark session, which reaches the S3 server of these tests, for all that need Spark."""

import os
import sys
from unittest import mock

import pytest

from dustjacket.pipeline.spark import session
from tests.support.stores import StepRunner, end_java

# Compiling well takes longer than the small tables of tests do.
SUBMIT = (
    "--driver-java-options -XX:TieredStopAtLevel=1 "
    "--conf spark.ui.showConsoleProgress=false pyspark-shell"
)


@pytest.fixture(scope="package")
def spark(s3_server):
    """Spark on two threads of this machine, which compiles no query."""
    variables = {"PYSPARK_PYTHON": sys.executable, "PYSPARK_SUBMIT_ARGS": SUBMIT}
    with mock.patch.dict(os.environ, variables):
        end_java()
        started = session(s3_server.model_copy(update={"spark_master": "local[2]"}), "tests")
        started.conf.set("spark.sql.codegen.wholeStage", "false")
        started.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        try:
            yield started
        finally:
            started.stop()
            end_java()


@pytest.fixture(scope="module")
def steps(store, spark, tmp_path_factory):
    """What runs the pipeline's steps, on a bucket that the module has to itself."""
    return StepRunner(store.settings, store, spark, tmp_path_factory.mktemp("steps"))
