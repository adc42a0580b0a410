"""How much memory a fit by Spark takes: of all processes that belong to this one's session."""

from contextlib import suppress
from typing import Any

import psutil
from pyspark.sql import SparkSession


def memory_mib(spark: SparkSession) -> float:
    """Return the MiB that this process, Spark's Java and all that they started have in memory.

    Of a cluster's other machines it knows nothing; what two processes share is counted twice.
    """
    # Java is this process's child, or its parent where `spark-submit` started both.
    java: Any = spark.sparkContext._jvm
    roots = [psutil.Process(), psutil.Process(java.java.lang.ProcessHandle.current().pid())]
    found = 0
    for process in {one for root in roots for one in (root, *root.children(recursive=True))}:
        with suppress(psutil.NoSuchProcess):
            found += process.memory_info().rss
    return found / 2**20
