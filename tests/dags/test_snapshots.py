"""Each DAG equals its snapshot, so that every change of a DAG is visible in review as a diff.

``make snapshots`` updates them.
"""

import json
import os
from pathlib import Path

SNAPSHOTS = Path(__file__).parent / "snapshots"


def test_every_dag_equals_its_snapshot(bag):
    if os.environ.get("RENEW_SNAPSHOTS"):
        for file in SNAPSHOTS.glob("*.json"):
            file.unlink()
        for name, dag in bag["dags"].items():
            text = json.dumps(dag, indent=2, sort_keys=True, ensure_ascii=False)
            (SNAPSHOTS / f"{name}.json").write_text(f"{text}\n")
    snapshots = {file.stem: json.loads(file.read_text()) for file in SNAPSHOTS.glob("*.json")}
    assert bag["dags"] == snapshots, "if this change is intended, run: make snapshots"
