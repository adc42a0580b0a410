"""One Spark session, without a server beside it, for all tests that need no more than that."""

import os
import sys

import pytest

from tests.conftest import interpret


@pytest.fixture(scope="package")
def spark():
    """Spark on two threads of this machine, without a server beside it."""
    from dustjacket.pipeline.spark import session
    from dustjacket.settings import Settings

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        if "SPARK_CONF_DIR" in os.environ:
            patch.delenv("SPARK_CONF_DIR")
        # Compiling well takes longer than these small tables do.
        patch.setenv(
            "PYSPARK_SUBMIT_ARGS",
            "--driver-java-options -XX:TieredStopAtLevel=1 "
            "--conf spark.ui.showConsoleProgress=false pyspark-shell",
        )
        started = session(Settings(spark_master="local[2]"), "tests")
        interpret(started)
        yield started
        started.stop()
