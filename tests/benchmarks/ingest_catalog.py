"""Rows a second of cleaning a listing in Spark, beside pandas doing the same in one process.

Reads the listing that ``DATA`` names, or generates one of each of ``ROWS`` (comma-separated). Both
read a file, apply the same rules, deduplicate, and write books and rejected rows
as Parquet; Spark also stages the file in S3, profiles it, and publishes a version. pandas has its
fastest setting: strings of Arrow, whole columns at a time; it may take 16 GiB.
"""

import math
import os
import random
import resource
import tempfile
from multiprocessing import Process
from pathlib import Path

from dustjacket.sample.listing import write_listing
from dustjacket.sources.tables import LISTING
from tests.benchmarks.measure import Measured, in_turn, line, measured, middle
from tests.support.stores import StepRunner, bench

ROWS = "200000,2000000"
_SEVERAL_UP_TO = 100 << 20
"""Bytes of a listing that is measured several times, after one run that does not count."""
_MOST_MEMORY = 16 << 30
_EDITION = (
    r"(?i)[(\[][^()\[\]]*\b(?:editions?|reprint|revised|illustrated|annotated|paperback|hardcover|"
    r"kindle|audio|large print|classics|import)\b[^()\[\]]*[)\]]"
)


def pandas_cleaning(listing: Path, out: Path) -> None:
    """Clean a listing by the same rules, in pandas."""
    import pandas as pd

    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    rows = pd.read_csv(
        listing, header=None, names=list(LISTING), dtype="string[pyarrow]", keep_default_na=False,
        encoding_errors="replace", on_bad_lines="skip", engine="c",
    )  # fmt: skip
    rows["position"] = range(len(rows))
    for name in ("title", "author", "category"):
        rows[name] = rows[name].fillna("").str.replace(r"\s+", " ", regex=True).str.strip()
    plain = {
        name: _normalised(rows[name].str.replace(_EDITION, " ", regex=True))
        for name in ("title", "author")
    }
    reason = pd.Series("", index=rows.index, dtype="string[pyarrow]")
    for name, broken in (
        ("no_title", rows["title"] == ""),
        ("punctuation_title", plain["title"] == ""),
        ("no_genre", rows["category"] == ""),
        ("title_too_long", rows["title"].str.len() > 1000),
        ("control_characters", rows["title"].str.contains(r"[\x00-\x1f\x7f-\x9f]", regex=True)),
    ):
        reason = reason.mask((reason == "") & broken, name)
    rows["reason"], rows["book"] = reason, plain["title"] + "\x1f" + plain["author"]
    good = rows[rows["reason"] == ""]
    again = good.duplicated(["ASIN", "title", "author", "category"])
    rows.loc[good.index[again], "reason"] = "exact_duplicate"
    good = good[~again]
    votes = good.groupby(["book", "category"], sort=False).size().rename("votes").reset_index()
    votes["best"] = votes.groupby("book")["votes"].transform("max")
    winners = votes[votes["votes"] == votes["best"]]
    tied = winners.loc[winners.duplicated("book", keep=False), "book"].unique()
    won = winners.drop_duplicates("book").set_index("book")["category"]
    rows.loc[good.index[good["book"].isin(tied)], "reason"] = "genre_tied"
    good = good[~good["book"].isin(tied)]
    lost = good["category"].to_numpy() != won.loc[good["book"]].to_numpy()
    rows.loc[good.index[lost], "reason"] = "genre_outvoted"
    good = good[~lost]
    rows.loc[good.index[good.duplicated("book")], "reason"] = "near_duplicate"
    good = rows[rows["reason"] == ""]
    rare = good["category"].map(good["category"].value_counts()) < 2
    rows.loc[good.index[rare], "reason"] = "rare_genre"
    rows[rows["reason"] == ""].drop(columns="reason").to_parquet(out / "books.parquet")
    rows[rows["reason"] != ""].to_parquet(out / "rejected.parquet")


def _normalised(text):  # type: ignore[no-untyped-def]
    return (
        text.str.casefold()
        .str.normalize("NFKD")
        .str.replace(r"[^0-9a-zÀ-ɏͰ-￿]+", " ", regex=True)
        .str.strip()
    )


def peer(listing: Path) -> Measured:
    """Measure pandas, in a process of its own so that its memory is its own.

    Where that process fails, for it runs out of memory, the seconds are infinite.
    """
    with tempfile.TemporaryDirectory() as out:
        process = Process(target=pandas_cleaning, args=(listing, Path(out)))

        def run() -> None:
            process.start()
            process.join()

        took = measured(run, process)
        return Measured(math.inf, took.memory_mib) if process.exitcode else took


def compare(alone: StepRunner, listing: Path) -> None:
    """Print rows a second and memory of both."""
    read = []

    def ingest() -> None:
        found = alone.run("ingest_catalog", source=str(listing), accept_changes=True)
        read.append(found.facts["rows_read"])

    runs = 3 if listing.stat().st_size <= _SEVERAL_UP_TO else 1
    if runs > 1:
        ingest()  # warms Java up
    spark, pandas = map(middle, in_turn(lambda: measured(ingest), lambda: peer(listing), runs))
    rows = read[0]
    note = f"{os.cpu_count()} cores, medians of {runs}; whole step, Spark started before"
    line("ingest-catalog", rows / spark.seconds, rows / pandas.seconds, "rows/s", rows, note)
    line("ingest-catalog-memory", spark.memory_mib, pandas.memory_mib, "MiB", rows, note)


def main() -> None:
    """Compare on the caller's listing, or on generated ones."""
    with bench("bench-catalog") as alone, tempfile.TemporaryDirectory() as folder:
        if data := os.environ.get("DATA"):
            compare(alone, Path(data).absolute())
            return
        for rows in map(int, (os.environ.get("ROWS") or ROWS).split(",")):
            listing = Path(folder) / f"listing-{rows}.csv"
            write_listing(listing, rows, random.Random(rows))
            compare(alone, listing)
            listing.unlink()


if __name__ == "__main__":
    main()
