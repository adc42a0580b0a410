"""Labels in Parquet: columns at the end, in the types and with the compression of the file."""

import shutil
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from dustjacket.labelling.label import Label, Labeller
from dustjacket.labelling.source import Source
from dustjacket.labelling.text_table import new_columns

_BATCH_ROWS = 4096


def write_parquet(source: Source, out: BinaryIO, labeller: Labeller) -> Iterator[Label]:
    """Write a file with labels, batch by batch, and yield each label."""
    names = new_columns(source.shape.columns)
    items = ((None, book, len(row.raw)) for row, book in source.rows())
    labels = (label for _, label in labeller.labelled(items))
    with source.opened() as stream, tempfile.TemporaryFile() as local:
        shutil.copyfileobj(stream, local)
        with pq.ParquetFile(local) as file:
            schema = file.schema_arrow
            for name in names:
                type_ = pa.float64() if name.endswith("probability") else pa.string()
                schema = schema.append(pa.field(name, type_))
            groups = file.metadata.num_row_groups
            codec = file.metadata.row_group(0).column(0).compression if groups else "snappy"
            with pq.ParquetWriter(out, schema, compression=codec.lower()) as writer:
                for batch in file.iter_batches(_BATCH_ROWS):
                    of_batch = [next(labels) for _ in range(batch.num_rows)]
                    columns = zip(*(label.cells for label in of_batch), strict=True)
                    added = [
                        pa.array([None if cell == "" else cell for cell in column], field.type)
                        for column, field in zip(columns, list(schema)[-len(names) :], strict=True)
                    ]
                    writer.write_batch(
                        pa.RecordBatch.from_arrays([*batch.columns, *added], schema=schema)
                    )
                    yield from of_batch
