"""Arrow batches of bounded size, and the types of their columns."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

_MAX_BATCH_BYTES = 8 << 20


def spark_schema(schema: pa.Schema) -> "StructType":
    """Return ``schema`` as Spark's. Unlike ``StructType.fromDDL``, this needs no Java."""
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(schema)


def type_names(schema: pa.Schema) -> dict[str, str]:
    """Return the type of each column as Spark names it, such as ``array<struct<a:string>>``."""
    return {field.name: _type_name(field.type) for field in schema}


def _type_name(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"array<{_type_name(kind.value_type)}>"
    if pa.types.is_struct(kind):
        inner = ",".join(f"{field.name}:{_type_name(field.type)}" for field in kind.fields)
        return f"struct<{inner}>"
    return {"int64": "bigint", "int32": "int", "bool": "boolean"}.get(str(kind), str(kind))


def arrow_batches(
    rows: Iterable[Sequence[Any]], schema: pa.Schema, max_rows: int
) -> Iterator[pa.RecordBatch]:
    """Yield ``rows`` as batches of at most ``max_rows`` rows and about 8 MiB of records.

    Args:
        rows: values in the order of ``schema``.
        schema: with a column ``raw``, the record as text, whose length is used as the row's size.
    """
    raw = schema.get_field_index("raw")
    batch: list[Sequence[Any]] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row[raw])
        if len(batch) == max_rows or size >= _MAX_BATCH_BYTES:
            yield _batch(batch, schema)
            batch, size = [], 0
    if batch:
        yield _batch(batch, schema)


def _batch(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.RecordBatch:
    # Column by column: ``RecordBatch.from_pylist`` takes a fifth more time for the whole parsing.
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
