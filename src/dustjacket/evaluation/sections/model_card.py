"""Sections on the data and the model: drift, tested covers, and the model card."""

from collections.abc import Sequence
from typing import Any

from dustjacket.clip.step import CandidateFacts
from dustjacket.evaluation.page import Section, Table
from dustjacket.evaluation.results import Results
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.parents import GONE, parent_of
from dustjacket.storage.store import Store
from dustjacket.tracking.model_card import licence_of

_RECIPE = (
    "model", "weights", "recipe", "wise_ft", "epochs", "batch_size", "learning_rate", "precision",
    "include_genre", "min_confidence", "seed",
)  # fmt: skip


def drift_section(results: Results) -> Section:
    """Return the drift from the champion's training covers to the candidate's."""
    drift = results.drift
    if drift is None and results.gate_input.unchecked:
        return Section("Drift", [f"Not known: {results.gate_input.unchecked}."])
    if drift is None:
        text = "Not known: the champion is starting weights, trained on no labelled covers."
        return Section("Drift", [text])
    if drift.reference == drift.newest:
        return Section("Drift", ["None: the champion was trained on the same labelled covers."])
    table = Table(
        f"{drift.newest} against {drift.reference}",
        ["measure", "value"],
        [
            [
                "length of titles (PSI)",
                f"{drift.title_length:.3f}, p = {drift.title_length_p:.3f}",
            ],
            ["mix of genres (PSI)", f"{drift.genre_mix:.3f}, p = {drift.genre_mix_p:.3f}"],
            ["embeddings (energy distance)", f"{drift.energy:.4f}, p = {drift.energy_p:.3f}"],
        ],
        "Population stability index (PSI): 0.1 to 0.25 is some change, more is a large change. "
        "Small samples of many genres reach more by chance, which p shows (permutation test); a "
        "warning needs an index above max_drift and p of at most .01.",
    )
    return Section("Drift", [f"Warning: {drift.warning}."] if drift.warning else (), [table])


def covers_section(results: Results) -> Section:
    """Return the number of test covers, and of those left out."""
    broken = ", ".join(f"{count:,} of {split}" for split, count in results.broken.items())
    rows = [
        ["tested", f"{results.tested:,}"],
        [
            "left out: look like a training cover",
            f"{results.leaked:,} ({results.gate_input.leaked_share:.1%} of the test covers)",
        ],
        ["left out: do not decode", broken or "0"],
    ]
    return Section("Covers", tables=[Table("", ["", "covers"], rows)])


def missing_sections(results: Results) -> list[Section]:
    """Return a section on what was deleted, if anything was."""
    return [Section("Missing", results.missing)] if results.missing else []


def model_card_section(rows: Sequence[tuple[str, str]]) -> Section:
    """Return the model card, from the names and values of :func:`model_card`."""
    limits = (
        "All figures are for held-out covers of the same source; other sources, languages and "
        "decades are not tested. Most genres in prompts are predicted, and wrong where the "
        "classifier is. Covers show how publishers market a genre, and the model learns from that."
    )
    return Section("Model card", [limits], [Table("", ["", ""], rows)])


def model_card(store: Store, candidate: Manifest, labels: Manifest) -> list[tuple[str, str]]:
    """Return names and values of the card: versions, sources and licences of data, recipe.

    Args:
        labels: the labelled covers that the candidate was trained on.
    """
    facts, parameters = CandidateFacts.of(candidate), candidate.parameters
    rows = [
        ("candidate", f"{candidate.kind}/{candidate.version}"),
        ("trained from", f"{facts.starting_kind}/{facts.starting_clip or '-'}"),
        ("code", candidate.code or "-"),
        ("labelled covers", labels.version),
    ]
    if covers := _parent(store, labels, Kind.COVERS, "covers", rows):
        rows += [
            ("number of covers", f"{covers.rows.get('accepted', 0):,}"),
            ("source of covers", covers.source or "-"),
            ("licence of covers", licence_of(covers)),
            *_rights(covers, "covers"),
        ]
    classifier = _parent(store, labels, Kind.GENRE_CLASSIFIER, "genre classifier", rows)
    if classifier and (catalog := _parent(store, classifier, Kind.CATALOG, "listing", rows)):
        rows += [
            ("source of the listing", catalog.source or "-"),
            ("licence of the listing", licence_of(catalog)),
            *_rights(catalog, "listing"),
        ]
    rows += [
        (name.replace("_", " "), _format(parameters[name]))
        for name in _RECIPE
        if name in parameters
    ]
    rows += [
        (name, _format(count))
        for name, count in (("training pairs", facts.pairs), ("training steps", facts.steps))
        if count
    ]
    return rows


def _parent(
    store: Store, child: Manifest, kind: str, name: str, rows: list[tuple[str, str]]
) -> Manifest | None:
    """Return a parent and add its row; of one that is gone, the row says so."""
    try:
        parent = parent_of(store, child, kind)
    except GONE as error:
        rows.append((name, str(error)))
        return None
    rows.append((name, parent.version))
    return parent


def _rights(data: Manifest, name: str) -> list[tuple[str, str]]:
    """Return how reservations of text and data mining were met, if the source's were lifted."""
    rows = []
    if data.parameters.get("rights_holder") == "own":
        rows.append((f"rights holder of the {name}", "the owner of this platform"))
    if reason := data.parameters.get("ignore_reservation_reason"):
        rows.append((f"trained on reserved books of the {name} because", str(reason)))
    return rows


def _format(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value) or "-"
