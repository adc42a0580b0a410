"""Covers written to a local folder, with or without Spark; no server."""

import io
import os
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import pandas as pd
from pyspark.sql import SparkSession

from dustjacket.covers.publish import write_covers
from dustjacket.covers.result import CoversResult
from dustjacket.covers.s3_prefix import S3Prefix
from dustjacket.covers.source import stage_covers
from dustjacket.covers.step import CoversParameters
from dustjacket.settings import Settings
from dustjacket.storage.store import Store


@dataclass
class CoversRun:
    """The result, messages and files of a run."""

    result: CoversResult
    messages: list[str]
    folder: Path

    def table(self, name: str) -> pd.DataFrame:
        rows = pd.read_parquet(self.folder / name)
        return rows.sort_values("position", ignore_index=True)

    @property
    def index(self) -> pd.DataFrame:
        return self.table("index")

    def reasons(self) -> dict[str, str]:
        """Return the reason of each rejected row, by title."""
        rejected = self.table("rejected")
        return dict(zip(rejected["title"], rejected["reason"], strict=True))

    def image(self, row: Any) -> bytes:
        body = (self.folder / row["shard"]).read_bytes()
        image: bytes = body[row["offset"] : row["offset"] + row["size"]]
        return image

    def shards(self) -> dict[str, dict[str, bytes]]:
        """Return the files in each shard, in order, by shard and name."""
        files = {}
        for shard in sorted((self.folder / "shards").glob("*.tar")):
            with tarfile.open(shard) as tar:
                files[shard.name] = {
                    m.name: cast("IO[bytes]", tar.extractfile(m)).read() for m in tar.getmembers()
                }
        return files


def outcomes(covers: CoversRun) -> dict[int, str]:
    """Return ``cover`` or the reason of each row, by its position."""
    index, rejected = covers.index, covers.table("rejected")
    found = dict.fromkeys(index["position"], "cover")
    return found | dict(zip(rejected["position"], rejected["reason"], strict=True))


def folder_prefix(folder: Path) -> S3Prefix:
    """Return the files of a folder as objects."""
    settings = Settings(_env_file=None, folder=folder.absolute())
    return S3Prefix(settings, settings.bucket, prefix="")


def run(
    spark: SparkSession | None,
    source: Path,
    out: Path,
    cache: Path | None = None,
    private: bool = True,
    roots: Iterable[str] = (),
    **parameters: Any,
) -> CoversRun:
    """Write the covers of ``source``, a folder or a file, to ``out``.

    Args:
        roots: further files that may be read.
    """
    allowed = os.pathsep.join([str(source.absolute()), *roots])
    settings = Settings(_env_file=None, folder=out.absolute(), source_roots=allowed)
    messages: list[str] = []
    store = Store(settings)
    result = write_covers(
        spark,
        stage_covers(str(source.absolute()), store),
        folder_prefix(out),
        folder_prefix(cache or out / "fetched"),
        S3Prefix.of_store(store, "scratch/"),
        CoversParameters(source=str(source), **{"max_reject_share": 1, **parameters}),
        messages.append,
        run=str(out),
        private=private,
    )
    return CoversRun(result, messages, out)


def write_table(
    file: Path, rows: Any, columns: Iterable[str] = ("title", "author", "image_url")
) -> Path:
    """Write rows as CSV with a header."""
    text = io.StringIO()
    pd.DataFrame(rows, columns=list(columns)).to_csv(text, index=False)
    file.write_text(text.getvalue())
    return file
