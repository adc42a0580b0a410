"""Leases: what a running job reads is recorded, so that retention keeps it."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from dustjacket.pipeline.plan import Plan
from dustjacket.storage.s3 import put_if_absent
from dustjacket.storage.store import Store

PREFIX = "running/"
MAX_AGE = timedelta(days=7)
"""No job runs for longer; the lease of one that was killed counts until then."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lease:
    """What one running job reads and makes.

    Attributes:
        at: when the job began.
        inputs: versions by kind.
        version: the version that it will publish.
        digest: of its plan, by which checkpoints are named.
    """

    step: str
    at: datetime
    inputs: dict[str, str]
    version: str
    digest: str


@contextmanager
def lease(store: Store, plan: Plan, attempt: str) -> Iterator[None]:
    """Hold a lease on the inputs of a plan while the block runs."""
    key = f"{PREFIX}{plan.step}-{attempt}.json"
    content = {
        "attempt": attempt, "at": datetime.now(UTC).isoformat(), "step": plan.step,
        "inputs": plan.inputs, "version": plan.version, "digest": plan.digest,
    }  # fmt: skip
    put_if_absent(store.client, store.bucket, key, json.dumps(content).encode(), attempt)
    try:
        yield
    finally:
        try:
            store.client.delete_object(Bucket=store.bucket, Key=key)
        except (BotoCoreError, ClientError) as error:
            log.warning("the lease %s is not returned, and counts for %s: %s", key, MAX_AGE, error)


def leases(store: Store, now: datetime) -> list[Lease]:
    """Return the leases of running jobs; those older than ``MAX_AGE`` do not count."""
    found = []
    for key, _ in list(store.keys(PREFIX)):
        with suppress(ValueError, KeyError, TypeError):  # no lease
            content = json.loads(store.get(key) or b"")
            at = datetime.fromisoformat(content["at"])
            if now - at <= MAX_AGE:
                names = ("step", "inputs", "version", "digest")
                found.append(Lease(at=at, **{name: content[name] for name in names}))
    return found
