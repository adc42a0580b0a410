"""Memory of a Spark session's processes."""

from contextlib import suppress
from typing import Any

import psutil
from pyspark.sql import SparkSession


def memory_mib(spark: SparkSession) -> float:
    """Return the resident MiB of this process, Spark's JVM and all their child processes.

    Memory on other machines of a cluster is not included; shared memory is counted twice.
    """
    # The JVM is a child of this process, or its parent if `spark-submit` started both.
    jvm: Any = spark.sparkContext._jvm
    roots = [psutil.Process(), psutil.Process(jvm.java.lang.ProcessHandle.current().pid())]
    resident = 0
    for process in {p for root in roots for p in (root, *root.children(recursive=True))}:
        with suppress(psutil.NoSuchProcess):
            resident += process.memory_info().rss
    return resident / 2**20
