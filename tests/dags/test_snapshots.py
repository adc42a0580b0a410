"""Each DAG is what its snapshot says, so that every change of one shows in review as a diff.

``make snapshots`` writes them anew.
"""

import json
import os
from pathlib import Path

SNAPSHOTS = Path(__file__).parent / "snapshots"


def test_every_dag_is_as_its_snapshot(bag):
    if os.environ.get("RENEW_SNAPSHOTS"):
        for file in SNAPSHOTS.glob("*.json"):
            file.unlink()
        for name, dag in bag["dags"].items():
            text = json.dumps(dag, indent=2, sort_keys=True, ensure_ascii=False)
            (SNAPSHOTS / f"{name}.json").write_text(f"{text}\n")
    snapshots = {file.stem: json.loads(file.read_text()) for file in SNAPSHOTS.glob("*.json")}
    assert bag["dags"] == snapshots, "if that is meant: make snapshots"
