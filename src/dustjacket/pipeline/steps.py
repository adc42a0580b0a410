"""All steps of the pipeline, collected from the rooms that declare them."""

from collections.abc import Iterable
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import dustjacket
from dustjacket.pipeline.step import Step

if TYPE_CHECKING:
    from dustjacket.storage.manifest import Manifest
    from dustjacket.storage.store import Store


def _declared() -> list[Step]:
    """Return the steps in the list ``STEPS`` of every ``<room>/step.py``.

    Rooms are discovered by that file, so a new step needs no change elsewhere, and no lower room
    imports a domain room.
    """
    files = sorted(Path(dustjacket.__file__).parent.glob("*/step.py"))
    rooms = [file.parent.name for file in files if file.parent.name != "pipeline"]
    return [
        step for room in rooms for step in import_module(f"{dustjacket.__name__}.{room}.step").STEPS
    ]


def in_order(steps: Iterable[Step]) -> dict[str, Step]:
    """Return steps by name, in topological order of their inputs."""
    by_name = {step.name: step for step in steps}
    publisher = {
        kind: step.name
        for step in by_name.values()
        for kind in (step.publishes, step.promotes_to)
        if kind
    }
    sorter = TopologicalSorter(
        {
            name: [
                publisher[kind] for kind in step.reads + step.optional_inputs if kind in publisher
            ]
            for name, step in by_name.items()
        }
    )
    sorter.prepare()
    ordered: dict[str, Step] = {}
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered |= {name: by_name[name] for name in ready}
        sorter.done(*ready)
    return ordered


STEPS = in_order(_declared())


def upstream(kinds: Iterable[str]) -> list[Step]:
    """Return the steps that make versions of ``kinds``, directly or not, in the order of STEPS.

    A promotion makes nothing new of data, so it is left out.
    """
    wanted, found = set(kinds), []
    for step in reversed(STEPS.values()):
        if step.publishes in wanted:
            found.append(step)
            wanted |= {*step.reads, *step.optional_inputs, *step.follows}
    return found[::-1]


def why_none(store: "Store", kind: str) -> str:
    """Return why no version of ``kind`` is in use: none is published, or none is worth using."""
    newest = store.newest(kind)
    if newest is None:
        return f"no version of {kind} is published yet"
    reason = newest.facts.get("reason", "it was not promoted")
    return f"no version of {kind} is worth using: of {newest.version}, {reason}"


def in_use(store: "Store", kind: str) -> "Manifest | None":
    """Return the version of ``kind`` that is read by default; if None, see :func:`why_none`."""
    publisher = next((step for step in STEPS.values() if step.publishes == kind), None)
    return publisher.in_use(store) if publisher else store.newest(kind)
