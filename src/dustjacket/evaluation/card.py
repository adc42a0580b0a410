"""What a model was made of, as its published versions say."""

from typing import Any

from dustjacket.clip.step import CandidateFacts
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

_RECIPE = (
    "model", "weights", "recipe", "wise_ft", "epochs", "batch_size", "learning_rate", "precision",
    "include_genre", "min_confidence", "seed",
)  # fmt: skip
_NO_LICENCE = "not stated by the source; ask whoever publishes it before you pass the model on"


def model_card(store: Store, candidate: Manifest, labels: Manifest) -> list[tuple[str, str]]:
    """Return names and values: versions of model and data, sources, licences, recipe.

    Args:
        labels: the labelled covers that the candidate was trained on.
    """
    facts, asked = CandidateFacts.of(candidate), candidate.parameters
    covers = store.manifest("covers", labels.parents["covers"])
    classifier = store.manifest("genre_classifier", labels.parents["genre_classifier"])
    rows = [
        ("candidate", f"{candidate.kind}/{candidate.version}"),
        ("trained from", f"{facts.starting_kind}/{facts.starting_clip or '-'}"),
        ("code", candidate.code or "-"),
        ("labelled covers", labels.version),
        ("covers", f"{covers.version}, {covers.rows.get('accepted', 0):,} covers"),
        ("source of covers", covers.source or "-"),
        ("licence of covers", _licence(covers)),
        ("genre classifier", classifier.version),
    ]
    if "catalog" in classifier.parents:
        catalog = store.manifest("catalog", classifier.parents["catalog"])
        rows += [
            ("listing", catalog.version),
            ("source of the listing", catalog.source or "-"),
            ("licence of the listing", _licence(catalog)),
        ]
    rows += [(name.replace("_", " "), _shown(asked[name])) for name in _RECIPE if name in asked]
    rows += [
        (name, _shown(count))
        for name, count in (("training pairs", facts.pairs), ("training steps", facts.steps))
        if count
    ]
    return rows


def _licence(data: Manifest) -> str:
    return str(data.facts.get("licence") or _NO_LICENCE)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value) or "-"
