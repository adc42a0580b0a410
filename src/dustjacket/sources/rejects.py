"""Rejected rows as people look at them."""

import pandas as pd
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as fn

from dustjacket.sources.encoding import decode, raw_bytes

_EXAMPLES = 20
_LENGTH = 500


def examples(rejected: DataFrame, *place: str) -> pd.DataFrame:
    """Return the first rejected rows of each reason, their beginnings as people read them.

    Args:
        rejected: rows with ``reason``, ``raw`` and the columns of ``place``.
        place: where a row was read, by which they are ordered.
    """
    first = Window.partitionBy("reason").orderBy(*place)
    few: pd.DataFrame = (
        rejected.withColumn("number", fn.row_number().over(first))
        .where(f"number <= {_EXAMPLES}")
        .orderBy("reason", "number")
        .select("reason", *place, fn.substring("raw", 1, _LENGTH).alias("raw"))
        .toPandas()
    )
    few["raw"] = [decode(raw_bytes(raw)) for raw in few["raw"]]
    return few
