from datetime import UTC, datetime, timedelta
from unittest.mock import ANY

import pytest

from dustjacket.pipeline.leases import MAX_AGE, PREFIX, Lease, lease, leases
from dustjacket.pipeline.plan import Plan
from tests.support.bucket import away, store_in_memory

PLAN = Plan(
    step="label_covers", version="v", digest="d", inputs={"covers": "c"}, parameters={}, code=""
)


def test_a_lease_is_held_while_a_job_runs_and_returned_however_it_ends():
    store = store_in_memory()
    with lease(store, PLAN, "attempt-1"):
        held = leases(store, datetime.now(UTC))
        assert held == [Lease("label_covers", ANY, {"covers": "c"}, "v", "d")]
    assert leases(store, datetime.now(UTC)) == []
    with pytest.raises(ZeroDivisionError), lease(store, PLAN, "attempt-2"):
        1 / 0  # noqa: B018
    assert list(store.keys(PREFIX)) == []


def test_the_lease_of_a_job_that_was_killed_counts_for_a_week():
    store = store_in_memory()
    context = lease(store, PLAN, "attempt-1")
    context.__enter__()
    now = datetime.now(UTC)
    assert leases(store, now + MAX_AGE - timedelta(minutes=1))
    assert leases(store, now + MAX_AGE + timedelta(minutes=1)) == []


def test_a_job_ends_well_though_its_lease_cannot_be_returned():
    store = store_in_memory()
    with away(store, "delete_object"), lease(store, PLAN, "attempt-1"):
        pass
    assert leases(store, datetime.now(UTC))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"at": 3}'])
def test_what_is_no_lease_is_passed_over(content):
    store = store_in_memory()
    store.client.objects[f"{PREFIX}x.json"] = content
    assert leases(store, datetime.now(UTC)) == []
