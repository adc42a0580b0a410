"""Seconds and most memory of one whole selection: all candidates, sentence embeddings and audit.

On generated titles of 32 genres (``ROWS`` of them; 207,572 without), ingested first: everything
that the step does, from embedding each title to the registered model.
"""

import os
import tempfile
from pathlib import Path

from dustjacket.genres.select import select_classifier
from dustjacket.sources.tables import LISTING
from tests.benchmarks.measure import line, measured
from tests.benchmarks.selection_time import GENRES, ROWS, generated
from tests.support.stores import bench

_GOAL_MIB = 8 << 10
_STEP = "select_classifier"


def main() -> None:
    """Ingest, select, and print time, and memory beside the 8 GiB that it should need at most."""
    rows = int(os.environ.get("ROWS") or ROWS)
    with tempfile.TemporaryDirectory() as folder, bench("bench-selection-whole", _STEP) as alone:
        listing = Path(folder) / "listing.csv"
        books = generated(rows)
        table = books.rename(columns={"genre": "category"}).assign(ASIN=range(rows))
        table.reindex(columns=list(LISTING)).to_csv(listing, index=False, header=False)
        cleaned = alone.run("ingest_catalog", source=str(listing))
        one = measured(lambda: alone.run(_STEP, select_classifier))
        kept, cores = cleaned.facts["rows_accepted"], os.cpu_count()
        note = f"all candidates, {GENRES} genres, {kept} books kept, {cores} cores"
        line("selection-whole/time", one.seconds, 0, "s", rows, note)
        line("selection-whole/memory", one.memory_mib, _GOAL_MIB, "MiB", rows, f"{note}; of 8 GiB")


if __name__ == "__main__":
    main()
