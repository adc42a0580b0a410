"""A team's own data rules: a pandera schema that every accepted row of a source must satisfy."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from dustjacket.errors import BadInputError
from dustjacket.records.text import line_of
from dustjacket.sources.files import stage
from dustjacket.sources.streams import opened
from dustjacket.storage.draft import Draft
from dustjacket.storage.store import Store
from dustjacket.storage.task_files import TaskFiles

if TYPE_CHECKING:
    import pandas as pd
    from pandera.pandas import DataFrameSchema

MAX_BYTES = 1_000_000
VIOLATIONS = "violations.json"
"""Name of the table of broken rows in a run of MLflow."""
_ORIGINS = ("file", "source_file")
"""Columns with the file that a row is from; ``position`` is its place there."""
_ROWS_AT_ONCE = 50_000
_KEPT_ROWS, _SHOWN_ROWS, _SHOWN_LETTERS = 1000, 3, 60


class Violation(NamedTuple):
    """A row that breaks a rule; without ``position``, the rule is about a column as a whole."""

    column: str
    rule: str
    file: str
    position: int | None
    value: str


@dataclass
class BrokenRules:
    """The rules of a file that rows of a source break.

    Attributes:
        address: of the file.
        counts: broken rows by column and rule.
        rows: the first of them.
    """

    address: str
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: list[Violation] = field(default_factory=list)

    def add(self, violation: Violation) -> None:
        """Count a row, and keep it if it is one of the first."""
        self.counts[violation.column, violation.rule] += 1
        if len(self.rows) < _KEPT_ROWS:
            self.rows.append(violation)

    def sentence(self, source: str) -> str:
        """Return in one line why a source is held back, with the first rows and the cure."""
        (column, rule), number = self.counts.most_common(1)[0]
        of_rule = (row for row in self.rows if (row.column, row.rule) == (column, rule))
        first = ", ".join(map(_shown, islice(of_rule, _SHOWN_ROWS)))
        others = len(self.counts) - 1
        more = f"; rules broken beside it: {others}" if others else ""
        return (
            f"{source!r} is held back by {self.address!r}: {column} breaks {rule} in {number:,} "
            f"row{'s' * (number > 1)}, first {first or 'beyond those kept'}{more}. Correct the "
            "rows, or change the rule"
        )

    def table(self) -> "pd.DataFrame":
        """Return the first broken rows, in the columns of :class:`Violation`."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=list(Violation._fields))


def _shown(row: Violation) -> str:
    return f"{row.file} row {row.position} ({row.value!r})" if row.file else "of the whole column"


def broken_rules(
    schema: "DataFrameSchema | None", address: str, store: Store, draft: Draft, folder: str
) -> BrokenRules | None:
    """Return the rules that the rows of a draft's table break; None: none.

    Args:
        schema: of :func:`read_schema`; None: there are no rules.
        address: of its file.
        folder: of the table, with Parquet files.
    """
    if schema is None:
        return None
    found = BrokenRules(address)
    files = TaskFiles.of(store, draft.prefix)
    for key, _ in store.keys(f"{draft.prefix}{folder}/"):
        with files.opened(key.removeprefix(draft.prefix)) as table:
            origin = next(name for name in _ORIGINS if name in table.schema_arrow.names)
            columns = list(dict.fromkeys([*schema.columns, origin, "position"]))
            for batch in table.iter_batches(_ROWS_AT_ONCE, columns=columns):
                for violation in violations(schema, batch, origin):
                    found.add(violation)
    return found if found.counts else None


def violations(schema: "DataFrameSchema", rows: pa.RecordBatch, origin: str) -> Iterator[Violation]:
    """Yield the rows that break a rule of a schema, each once for each rule.

    Args:
        origin: the column of the file that a row is from.
    """
    from pandera.errors import SchemaErrors

    frame = rows.to_pandas()
    try:
        schema.validate(frame[list(schema.columns)], lazy=True)
    except SchemaErrors as errors:
        for case in errors.failure_cases.to_dict("records"):
            row = None if case["index"] is None else frame.iloc[int(case["index"])]
            yield Violation(
                str(case["column"]),
                str(case["check"]),
                "" if row is None else str(row[origin]),
                None if row is None else int(row["position"]),
                line_of(str(case["failure_case"]))[:_SHOWN_LETTERS],
            )


def read_schema(address: str, store: Store, names: Collection[str]) -> "DataFrameSchema | None":
    """Read a pandera schema: rules on single rows of named columns. None: without an address.

    Args:
        address: of a YAML or JSON file; empty: there are no rules.
        names: of the columns of a row.

    Raises:
        BadInputError: the file is no such schema, or is about other columns.
    """
    if not address:
        return None
    files = stage(address, store, lambda _: True)
    if len(files) != 1:
        raise BadInputError(f"expectations {address!r} are {len(files)} files: name one file")
    with opened(files[0], store) as stream:
        body = stream.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise BadInputError(f"expectations {address!r} have over {MAX_BYTES:,} bytes: shorten them")
    try:
        schema = _parse(body.decode())
        columns = dict(schema.columns)
    except Exception as error:  # noqa: BLE001  # a wrong schema raises errors of many types
        reason = line_of(str(error))[:200]
        raise BadInputError(
            f"expectations {address!r} are no pandera schema ({type(error).__name__}: {reason}): "
            "write one with columns and checks, as docs/data.md shows"
        ) from None
    if not columns or schema.unique or any(each.unique or each.regex for each in columns.values()):
        raise BadInputError(
            f"expectations {address!r} need rules for single rows of named columns: remove unique "
            "and regex, and name a column"
        )
    parts = [schema, *columns.values()]
    if any(each.drop_invalid_rows for each in parts) or any(
        check.raise_warning for each in parts for check in each.checks
    ):
        raise BadInputError(
            f"expectations {address!r} would hold nothing back: remove drop_invalid_rows and "
            "raise_warning"
        )
    if missing := sorted(map(str, columns.keys() - set(names))):
        raise BadInputError(
            f"expectations {address!r} have a rule for {missing[0]!r}, which is no column "
            f"of a row: name one of {', '.join(names)}"
        )
    return schema


def _parse(text: str) -> "DataFrameSchema":
    """Parse a schema. JSON is YAML too, which is read without any tags that make objects."""
    import yaml
    from pandera.io import pandas_io

    # Nested aliases grow to any size. pandera's own reader opens a text that is a path.
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
        raise ValueError("it has a YAML alias: write its value")
    reader: Any = pandas_io  # its functions have no types
    schema: DataFrameSchema = reader.deserialize_schema(yaml.safe_load(text))
    return schema
