"""Covers assembled into a folder: Spark as it is, no server."""

import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dustjacket.covers.publish import Assembled, assemble
from dustjacket.covers.s3_prefix import Folder
from dustjacket.covers.source import Source
from dustjacket.pipeline.parameters import CoversParameters


@dataclass
class Run:
    """What a run gave back, said and wrote."""

    result: Assembled
    said: list[str]
    folder: Path

    def table(self, name):
        rows = pd.read_parquet(self.folder / name)
        return rows.sort_values("position", ignore_index=True)

    @property
    def index(self):
        return self.table("index")

    def reasons(self):
        """Return what each rejected row is rejected for, by its title."""
        rejected = self.table("rejected")
        return dict(zip(rejected["title"], rejected["reason"], strict=True))

    def image(self, row):
        body = (self.folder / row["shard"]).read_bytes()
        return body[row["offset"] : row["offset"] + row["size"]]

    def shards(self):
        """Return every shard's files, by shard and name, as they lie in it."""
        found = {}
        for shard in sorted((self.folder / "shards").glob("*.tar")):
            with tarfile.open(shard) as tar:
                found[shard.name] = {m.name: tar.extractfile(m).read() for m in tar.getmembers()}
        return found


def files_of(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def run(spark, source, out, cache=None, private=True, names=None, **parameters):
    """Assemble ``source``, a folder or a file, into ``out``."""
    folder, there = (
        (source, files_of(source)) if source.is_dir() else (source.parent, [source.name])
    )
    names, said = names or there, []
    result = assemble(
        spark,
        Source(str(source), Folder(folder), names),
        Folder(out),
        Folder(cache or out / "fetched"),
        CoversParameters(source=str(source), **{"max_reject_share": 1, **parameters}),
        said.append,
        run=str(out),
        private=private,
    )
    return Run(result, said, out)


def write_table(file, rows, columns=("title", "author", "image_url")):
    """Write rows as CSV with a header."""
    text = io.StringIO()
    pd.DataFrame(rows, columns=list(columns)).to_csv(text, index=False)
    file.write_text(text.getvalue())
    return file


def described(body):
    return json.loads(body)
