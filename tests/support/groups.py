"""Which tests must run in one process, because they share a server, Spark, or a module's fixtures.

pytest-xdist's own ``--dist loadgroup`` does nothing with pytest 9.2, which keeps no ``_nodeid``.
"""

from xdist.scheduler import LoadScopeScheduling

_FAULTS, _SPARK = "tests/faults/", "tests/integration/spark/"
_SHARED = {
    "tests/e2e/": "e2e",
    "tests/integration/platform/": "platform",
    **dict.fromkeys(
        [f"{_SPARK}{room}/" for room in ("catalog", "covers", "retrieval")], "spark data"
    ),
    _SPARK: "spark models",
    **dict.fromkeys([f"{_FAULTS}test_{name}.py" for name in ("ended_tasks", "outages")], "broken"),
}
# The first two begin at once, each with one of the next two; the others follow as time allows.
_LONGEST_FIRST = (
    "e2e", "platform", f"{_FAULTS}test_training.py", "broken",
    "tests/integration/covers/test_fetch.py", f"{_FAULTS}test_starts.py",
    f"{_FAULTS}test_surroundings.py",
    "tests/integration/storage/test_store.py", "tests/integration/feedback/test_store.py",
    "tests/integration/clip/test_train.py", "spark data", "spark models",
)  # fmt: skip


def group_of(nodeid: str) -> str:
    """Return the group of a test: its module, or the name of what several modules share."""
    file = nodeid.partition("::")[0]
    return next((group for path, group in _SHARED.items() if file.startswith(path)), file)


def order_of(nodeid: str) -> int:
    """Return the place of a test's group among those that begin early because they take long."""
    group = group_of(nodeid)
    return _LONGEST_FIRST.index(group) if group in _LONGEST_FIRST else len(_LONGEST_FIRST)


class GroupScheduling(LoadScopeScheduling):
    """Gives whole groups to the processes, in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
