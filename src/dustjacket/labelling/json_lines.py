"""Labels in JSON Lines: names at the end of each object."""

import json
from dataclasses import dataclass

from dustjacket.labelling.label import Label
from dustjacket.labelling.text_table import new_columns
from dustjacket.sources.charsets import WESTERN
from dustjacket.sources.tables import Shape, TableRow


@dataclass(frozen=True)
class JsonLines:
    """Adds names to the objects of a file whose shape is ``shape``."""

    shape: Shape

    def record(self, span: bytes, row: TableRow, label: Label) -> bytes | str:
        """Return an object with its label; see :data:`dustjacket.labelling.spans.Patch`."""
        line = span.partition(b"\n")[0]
        body = line.rstrip()
        if row.reason in {"malformed_json", "record_too_long"} or not body.endswith(b"}"):
            return row.reason or "malformed_json"
        names = new_columns(self.shape.columns)
        values = {
            name: None if cell == "" else cell
            for name, cell in zip(names, label.cells, strict=True)
        }
        separators = (", ", ": ") if b'": ' in line or b'", ' in line else (",", ":")
        is_ascii = line.isascii() or self.shape.encoding == WESTERN
        text = json.dumps(values, ensure_ascii=is_ascii, separators=separators)
        inner = body[:-1].rstrip()
        comma = b"" if inner.endswith(b"{") else separators[0].encode()
        return inner + comma + text[1:].encode() + span[len(body) :]
