"""Metrics of what is published, and the alert rules and dashboard that are made of them."""

import json
import re
import shutil
import subprocess

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from dustjacket.studio.metrics import Metrics
from dustjacket.studio.product_metrics import ProductMetrics
from tests.conftest import ROOT
from tests.support.bucket import store_in_memory
from tests.support.histories import History

MONITORING = ROOT / "docker" / "monitoring"
OURS = re.compile(r"\bdustjacket_[a-z0-9_]+")
SUFFIXES = ("_bucket", "_sum", "_count", "_total")


def scraped(store):
    registry = CollectorRegistry()
    ProductMetrics(registry).refresh(store)
    return generate_latest(registry).decode()


@pytest.fixture
def history():
    history = History()
    history.week()
    history.publish("covers", rows={"accepted": 60, "rejected": 40})
    facts = {
        "test": {"macro_f1": 0.7}, "intervals": {"macro_f1": [0.6, 0.8]}, "verdict": "promoted",
    }  # fmt: skip
    history.publish("genre_classifier", facts=facts)
    drift = {"genre_mix": 0.3, "genre_mix_p": 0.001, "warning": "genre mix", "newest": "v"}
    history.publish("evaluation", facts={"drift": drift})
    estimated = {"value": 0.8, "interval": [0.7, 0.9], "answers": 9}
    history.publish("labelled_covers", facts={"accuracy": {"estimated": estimated}})
    return history


def test_versions_figures_drift_and_decisions_are_exported(history):
    body = scraped(history.store)
    for line in (
        'dustjacket_version_rows{kind="covers",outcome="accepted"} 60.0',
        'dustjacket_rejected_share{kind="covers"} 0.4',
        'dustjacket_classifier_test_metric{bound="low",metric="macro_f1"} 0.6',
        'dustjacket_drift{sign="genre_mix"} 0.3',
        'dustjacket_label_accuracy{bound="low",source="estimated"} 0.7',
        'dustjacket_evaluations_undecided{family="cover_clip"} 1.0',
        'dustjacket_evaluations_undecided{family="cover_generator"} 0.0',
        'dustjacket_ledger_records{action="promoted",family="cover_clip",verdict="v"} 1.0',
        'dustjacket_version_bytes{kind="starting_clip"} 102.0',
    ):
        assert line in body.splitlines()
    published = history.store.newest("covers").published_at.timestamp()
    assert f'timestamp_seconds{{kind="covers"}} {published}'.split()[0] in body


def test_an_empty_or_a_damaged_store_exports_what_it_can(history):
    assert "dustjacket_rejected_share{" not in scraped(store_in_memory())
    history.bucket.objects["ledger/00000001.json"] = b"{"
    for key in [key for key in history.keys if key.startswith("covers/")]:
        if key.endswith("manifest.json"):
            history.bucket.objects[key] = b"{"
    body = scraped(history.store)
    assert 'kind="covers"' not in body
    assert 'kind="catalog"' in body


def exported():
    metrics = Metrics()
    names = {family.name for family in metrics.registry.collect()}
    store = History()
    store.week()
    metrics.product.refresh(store.store)
    return names | {family.name for family in metrics.registry.collect()}


@pytest.mark.parametrize("file", ["alerts.yaml", "dashboard.json"])
def test_rules_and_dashboard_name_only_metrics_that_exist(file):
    named = set(OURS.findall((MONITORING / file).read_text()))
    known = exported()
    assert named
    missing = {
        name
        for name in named
        if name not in known and not any(name.removesuffix(end) in known for end in SUFFIXES)
    }
    assert missing == set()


def test_the_dashboard_is_whole():
    board = json.loads((MONITORING / "dashboard.json").read_text())
    assert board["schemaVersion"] >= 36
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]}
    assert len(places) == len(board["panels"])
    for panel in board["panels"]:
        assert panel["title"]
        assert all(target["expr"] for target in panel["targets"])


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool (Debian: prometheus) is missing")
@pytest.mark.parametrize(
    "command", [("check", "rules", "alerts.yaml"), ("test", "rules", "alerts_test.yaml")]
)
def test_promtool_accepts_the_rules_and_they_fire_when_they_should(command):
    done = subprocess.run(
        ["promtool", *command], cwd=MONITORING, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
