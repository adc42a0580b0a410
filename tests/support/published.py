"""Small published versions, as a notebook reads them."""

import io
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from dustjacket.pipeline.kinds import Kind
from dustjacket.promotion.ledger import Ledger, LedgerEntry
from dustjacket.storage.store import Store
from tests.support.facts import least_facts

VERSION = "20260101T000000000000Z-0123456789ab"
LABELS = pd.DataFrame(
    {
        "key": ["b", "a", "c"],
        "title": ["Paris", "Rice", "Beans"],
        "genre": ["Travel & Trips", "Cooking", "Cooking"],
        "probability": [0.55, 0.9, 0.8],
        "position": [1, 0, 2],
    }
)


def _recalls(value: float) -> dict[str, Any]:
    directions = ("title_to_cover", "cover_to_title")
    metric = {"recall_at_10": value}
    interval = {"recall_at_10": [value - 0.05, value + 0.05]}
    return {
        **dict.fromkeys(directions, metric),
        "intervals": dict.fromkeys(directions, interval),
    }


EVALUATION = least_facts(
    Kind.EVALUATION,
    champion=_recalls(0.2),
    fine_tuned=_recalls(0.6),
    chance={"recall_at_10": 0.05},
)


def parquet(frame: pd.DataFrame) -> bytes:
    body = io.BytesIO()
    frame.to_parquet(body)
    return body.getvalue()


def publish_all(store: Store) -> None:
    """Publish labels in two files, an evaluation, and a decision."""
    draft = store.draft(Kind.LABELLED_COVERS, VERSION)
    draft.put("labels/part-0.parquet", parquet(LABELS[:1]))
    draft.put("labels/part-1.parquet", parquet(LABELS[1:]))
    draft.publish(parents={}, parameters={}, facts=least_facts(Kind.LABELLED_COVERS))
    store.draft(Kind.EVALUATION, VERSION).publish(parents={}, parameters={}, facts=EVALUATION)
    entry = LedgerEntry(
        action="promoted", verdict="promoted", who="ada", why="it is better", from_=None,
        to=f"cover_clip/{VERSION}", model=f"clip_candidate/{VERSION}", evaluation=VERSION,
    )  # fmt: skip
    Ledger(store).append(entry, [], datetime(2026, 1, 1, tzinfo=UTC))
