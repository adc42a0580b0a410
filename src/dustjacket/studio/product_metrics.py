"""Prometheus metrics of the published versions: age, rows, champions' figures, decisions, drift.

They are read from manifests and the ledger in the background, never during a scrape.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from dustjacket.errors import DustjacketError
from dustjacket.pipeline.families import FAMILIES, family_of
from dustjacket.pipeline.kinds import Kind
from dustjacket.promotion.ledger import Ledger, LedgerRecord, of_family, serving
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)

_PREFIX = "dustjacket"
_UNWATCHED = (Kind.CLIP_CHECKPOINT, Kind.GENERATOR_CHECKPOINT)


class ProductMetrics(Collector):
    """The metrics as of the last :meth:`refresh`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._families: list[GaugeMetricFamily] = []
        registry.register(self)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the metrics."""
        yield from self._families

    def refresh(self, store: Store) -> None:
        """Read manifests and ledger; what cannot be read is logged and left out."""
        newest: dict[str, Manifest] = {}
        for kind in Kind:
            try:
                if kind not in _UNWATCHED and (found := store.newest(kind)):
                    newest[kind] = found
            except DustjacketError as error:
                log.warning("no metrics of %s: %s", kind, error)
        try:
            records = Ledger(store).records()
        except DustjacketError as error:
            log.warning("no metrics of the ledger: %s", error)
            records = []
        self._families = [*_versions(newest), *_figures(newest), *_decisions(records, newest)]


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{_PREFIX}_{name}", text, labels=labels)


def _versions(newest: Mapping[str, Manifest]) -> Iterator[GaugeMetricFamily]:
    published = _gauge(
        "version_published_timestamp_seconds", "Publication of the newest version", "kind"
    )
    size = _gauge("version_bytes", "Size of the newest version", "kind")
    rows = _gauge("version_rows", "Rows of the newest version, by outcome", "kind", "outcome")
    rejected = _gauge("rejected_share", "Share of rows that the newest version rejects", "kind")
    for kind, manifest in newest.items():
        published.add_metric([kind], manifest.published_at.timestamp())
        size.add_metric([kind], sum(file.size for file in manifest.files))
        for outcome, number in manifest.rows.items():
            rows.add_metric([kind, outcome], number)
        both = manifest.rows.get("accepted", 0) + manifest.rows.get("rejected", 0)
        if both:
            rejected.add_metric([kind], manifest.rows.get("rejected", 0) / both)
    yield from (published, size, rows, rejected)


def _figures(newest: Mapping[str, Manifest]) -> Iterator[GaugeMetricFamily]:
    classifier = _gauge(
        "classifier_test_metric", "Metrics of the newest classifier on its test books, with the "
        "bounds of their 95 % intervals", "metric", "bound",
    )  # fmt: skip
    facts = newest[Kind.GENRE_CLASSIFIER].facts if Kind.GENRE_CLASSIFIER in newest else {}
    for name, (low, high) in _numbers(facts.get("intervals"), pairs=True):
        classifier.add_metric([name, "low"], low)
        classifier.add_metric([name, "high"], high)
    for name, value in _numbers(facts.get("test")):
        classifier.add_metric([name, "value"], value)
    drift = _gauge(
        "drift", "Drift from the champion's training covers, as the newest evaluation measured it",
        "sign",
    )  # fmt: skip
    facts = newest[Kind.EVALUATION].facts if Kind.EVALUATION in newest else {}
    for name, value in _numbers(facts.get("drift")):
        drift.add_metric([name], value)
    accuracy = _gauge(
        "label_accuracy", "Share of right labels of the newest covers, estimated of probabilities "
        "and realised on covers with a category, with the bounds of their 95 % intervals",
        "source", "bound",
    )  # fmt: skip
    facts = newest[Kind.LABELLED_COVERS].facts if Kind.LABELLED_COVERS in newest else {}
    for name, found in (facts.get("accuracy") or {}).items():
        low, high = found["interval"]
        for bound, value in (("value", found["value"]), ("low", low), ("high", high)):
            accuracy.add_metric([name, bound], value)
    yield from (classifier, drift, accuracy)


def _decisions(
    records: list[LedgerRecord], newest: Mapping[str, Manifest]
) -> Iterator[GaugeMetricFamily]:
    events = _gauge("ledger_records", "Decisions in the ledger", "family", "action", "verdict")
    counted = Counter((r.family.champion.value, r.action, r.verdict) for r in records)
    for labels, number in counted.items():
        events.add_metric(list(labels), number)
    since = _gauge("champion_since_timestamp_seconds", "When the champion began to serve", "family")
    gain = _gauge(
        "champion_gain", "Gain of the champion over the one before, when it was promoted, with the "
        "bounds of its 95 % interval", "family", "bound",
    )  # fmt: skip
    for family in FAMILIES.values():
        champion = serving(of_family(records, family))
        if champion is None:
            continue
        since.add_metric([family.champion], champion.at.timestamp())
        figures = champion.comparison
        if {"candidate", "champion", "gain_interval"} <= figures.keys():
            low, high = figures["gain_interval"]
            gain.add_metric([family.champion, "value"], figures["candidate"] - figures["champion"])
            gain.add_metric([family.champion, "low"], low)
            gain.add_metric([family.champion, "high"], high)
    waiting = _gauge("evaluations_undecided", "Evaluations without a decision", "family")
    decided = {record.evaluation for record in records}
    for kind in (Kind.EVALUATION, Kind.GENERATOR_EVALUATION):
        if kind in newest:
            undecided = newest[kind].version not in decided
            waiting.add_metric([family_of(kind).champion], float(undecided))
    yield from (events, since, gain, waiting)


def _numbers(values: Any, *, pairs: bool = False) -> Iterator[tuple[str, Any]]:
    """Yield the entries of a mapping that are numbers, or pairs of numbers."""
    for name, value in values.items() if isinstance(values, dict) else ():
        found = value if pairs else [value]
        if all(isinstance(number, int | float) for number in found):
            yield name, tuple(found) if pairs else value
