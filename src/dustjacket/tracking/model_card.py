"""Model cards (Mitchell et al. 2019), as MLflow shows them beside a registered model."""

from collections.abc import Iterator, Mapping

from dustjacket.errors import DustjacketError
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

NO_LICENCE = "not stated by the source; ask its publisher before you distribute the model"
_MAX_SOURCE = 200


def model_card(store: Store, parents: Mapping[str, str], sections: Mapping[str, str]) -> str:
    """Return a model card as Markdown: the sections, then the sources that the model is made from.

    Args:
        parents: versions that the model was made from, by kind.
        sections: texts by title.
    """
    sources = [_source(found) for found in _ancestors(store, parents) if found.source]
    data = "\n".join(sources) or "Not known: the versions that it was made from are gone."
    parts = {**sections, "Data and licences": data} if parents else sections
    return "\n\n".join(f"### {title}\n\n{text}" for title, text in parts.items())


def licence_of(data: Manifest) -> str:
    """Return the licence that a source states, or that it states none."""
    return str(data.facts.get("licence") or NO_LICENCE)


def _source(data: Manifest) -> str:
    n_accepted = data.rows.get("accepted")
    rows = "" if n_accepted is None else f", {n_accepted:,} accepted rows"
    source = str(data.source)[:_MAX_SOURCE]
    return f"- `{data.kind}/{data.version}` of `{source}`{rows}. Licence: {licence_of(data)}"


def _ancestors(store: Store, parents: Mapping[str, str]) -> Iterator[Manifest]:
    """Yield each version that others were made from once; those that are gone are left out."""
    waiting, seen = list(parents.items()), set(parents.items())
    while waiting:
        try:
            found = store.manifest(*waiting.pop(0))
        except DustjacketError:
            continue
        yield found
        further = [name for name in found.parents.items() if name not in seen]
        seen.update(further)
        waiting.extend(further)
