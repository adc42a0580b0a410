"""Examples of rejected rows for people to read."""

import pandas as pd
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as fn

from dustjacket.sources.encoding import decode, raw_bytes

_EXAMPLES = 20
_LENGTH = 500


def examples(rejected: DataFrame, *place: str) -> pd.DataFrame:
    """Return the first 20 rejected rows of each reason, with the first 500 bytes of each.

    Args:
        rejected: with ``reason``, ``raw`` and the columns ``place``.
        place: columns that identify a row's origin; rows are sorted by them.
    """
    first = Window.partitionBy("reason").orderBy(*place)
    table: pd.DataFrame = (
        rejected.withColumn("number", fn.row_number().over(first))
        .where(f"number <= {_EXAMPLES}")
        .orderBy("reason", "number")
        .select("reason", *place, fn.substring("raw", 1, _LENGTH).alias("raw"))
        .toPandas()
    )
    table["raw"] = [decode(raw_bytes(raw)) for raw in table["raw"]]
    return table
