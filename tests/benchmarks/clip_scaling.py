"""Pairs a second of training in 2 processes beside 1, a thread each, and the time spent loading.

Through TorchDistributor, as the DAG does: the sample library's covers, both towers trained, and the
same global batches in both. ``COVERS`` sets how many covers are drawn (400 without).
"""

import os
import tempfile
from pathlib import Path

from dustjacket.sample import make_sample
from tests.benchmarks.measure import line
from tests.support.stores import bench

PROCESSES = 2


def main() -> None:
    """Train with one process on one core, then with two on two."""
    covers, every = int(os.environ.get("COVERS") or 400), os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as folder, bench("bench-clip-scaling") as alone:
        sample = make_sample(Path(folder), 1000, covers, seed=13)
        alone.run("ingest_catalog", source=str(sample.listing))
        alone.run("ingest_covers", source=str(sample.covers))
        alone.run("select_classifier", candidates=("complement_nb",))
        alone.run("label_covers")

        def train(processes: int) -> dict[str, float]:
            os.sched_setaffinity(0, sorted(every)[:processes])  # training takes a thread a core
            trained = alone.run("finetune_clip", processes=processes, recipe="full", epochs=2)
            return trained.facts

        one, many = train(1), train(PROCESSES)
        note = f"{PROCESSES} processes beside 1, a thread each; {one['pairs']} pairs, both towers"
        rates = many["pairs_per_second"], one["pairs_per_second"]
        line("clip-scaling", *rates, "pairs/s", PROCESSES, note)
        note = "share of the steps' time spent on reading covers"
        shares = many["loading_share"], one["loading_share"]
        line("clip-scaling/loading", *shares, "share", PROCESSES, note, 4)


if __name__ == "__main__":
    main()
