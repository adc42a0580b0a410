"""Manifests are read in the present format and the one before; others are refused in one line."""

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dustjacket.errors import CorruptVersionError
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.steps import STEPS
from dustjacket.storage.manifest import (
    FORMAT,
    Manifest,
    Reference,
    digest_of,
    parse_manifest,
    parse_reference,
    version_name,
)
from tests.conftest import ROOT
from tests.support.bucket import store_in_memory
from tests.support.facts import least_facts

GOLDEN = sorted((ROOT / "tests/golden/release-1/manifests").glob("*.json"))


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_a_manifest_of_an_earlier_release_is_read_with_its_facts(file):
    manifest = parse_manifest(file.read_bytes(), file.stem)
    written = json.loads(file.read_text())
    assert written["format"] == 1
    assert (manifest.kind, manifest.version) == (file.stem, written["version"])
    assert {entry.path for entry in manifest.files} == {entry["path"] for entry in written["files"]}
    for step in STEPS.values():
        if step.publishes == manifest.kind:
            facts = step.facts.of(manifest).to_json()
            for name in written["facts"].keys() & facts.keys():
                assert facts[name] == written["facts"][name], name


def test_every_kind_that_a_release_wrote_has_a_golden_manifest():
    # Checkpoints are deleted when a training ends; they have golden files of their own.
    new = {kind for kind in Kind if "generator" in kind} | {Kind.LABELLED_CATALOG}
    assert {file.stem for file in GOLDEN} == {*Kind} - new - {Kind.CLIP_CHECKPOINT}


def test_facts_that_were_renamed_are_read_under_their_present_names():
    by_kind = {file.stem: parse_manifest(file.read_bytes(), file.stem) for file in GOLDEN}
    covers, classifier = by_kind["covers"], by_kind["genre_classifier"]
    assert len(covers.facts["content_hash"]) == 16
    assert "content" not in covers.facts
    assert classifier.facts["champion"] == classifier.version
    assert "champion" in by_kind["evaluation"].facts, "which means the champion's figures there"


def test_a_manifest_is_written_in_the_present_format():
    store = store_in_memory()
    store.draft("catalog", "v1").publish(modules={"m": "1"}, fingerprints={"f": "2"})
    text = store.client.objects["catalog/v1/manifest.json"]
    assert json.loads(text)["format"] == FORMAT
    manifest = parse_manifest(text, "catalog/v1")
    assert (manifest.modules, manifest.fingerprints) == ({"m": "1"}, {"f": "2"})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"format": 3}', "the manifest of covers/v1 has format 3, .* reads 1 and 2: install"),
        ('{"format": "x"}', "has format 'x'"),
        ("{}", "has format None"),
        ("[]", "has no manifest in JSON: restore it"),
        ("{", "has no manifest in JSON: restore it"),
        ('{"format": 1, "facts": []}', "covers/v1: manifest's kind: Field required; restore it"),
        ('{"format": 2, "kind": 3}', "covers/v1: manifest's kind: .*; restore it"),
    ],
)
def test_what_is_no_readable_manifest_is_refused_in_one_line_with_the_cure(text, problem):
    with pytest.raises(CorruptVersionError, match=problem) as caught:
        parse_manifest(text.encode(), "covers/v1")
    assert "\n" not in str(caught.value)


def test_a_fact_that_is_missing_is_named():
    store = store_in_memory()
    store.draft("covers", "v1").publish(facts={"read": 1})
    manifest = store.manifest("covers", "v1")
    assert isinstance(manifest, Manifest)
    with pytest.raises(CorruptVersionError, match="covers/v1: fact accepted: Field required"):
        STEPS["ingest_covers"].facts.of(manifest)


def test_a_digest_does_not_depend_on_the_order_of_keys():
    assert digest_of({"a": 1, "b": [2]}) == digest_of({"b": [2], "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})


def test_names_of_versions_sort_by_time_whatever_the_digest():
    early = version_name(datetime(2026, 1, 2, 3, 4, 5, 6, UTC), "ffffffffffff")
    late = version_name(datetime(2026, 1, 2, 3, 4, 5, 7, UTC), "000000000000")
    assert early == "20260102T030405000006Z-ffffffffffff"
    assert early < late


def test_a_fact_that_json_cannot_hold_is_refused_before_it_is_published():
    facts = STEPS["select_classifier"].facts
    with pytest.raises(ValidationError, match="finite number"):
        facts.model_validate(least_facts("genre_classifier", test={"accuracy": float("nan")}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
WHOLE = GOLDEN[0].read_bytes()


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=200)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.tuples(st.sampled_from(sorted(json.loads(WHOLE))), JSON).map(
        lambda change: json.dumps({**json.loads(WHOLE), change[0]: change[1]}).encode()
    )
    | st.tuples(st.integers(0, len(WHOLE) - 1), st.binary(max_size=4)).map(
        lambda change: WHOLE[: change[0]] + change[1] + WHOLE[change[0] + 1 :]
    )
)
@example(b"[" * 100_000)
@example(b'{"format": ' + b"1" * 5000 + b"}")
@example(b"\xff\xfe")
def test_any_bytes_are_a_manifest_or_a_reference_or_corrupt(text):
    with suppress(CorruptVersionError):
        assert isinstance(parse_manifest(text, "covers/v1"), Manifest)
    with suppress(CorruptVersionError):
        assert isinstance(parse_reference(text, "covers/v1"), Reference)
