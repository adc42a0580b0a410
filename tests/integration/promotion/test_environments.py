"""Promotion of versions from one environment to another, in real S3 and MLflow."""

import io
import json

import mlflow
import pytest

from dustjacket.cli import promote as command
from dustjacket.cli.context import LiteralConsole
from dustjacket.errors import BadInputError, CorruptVersionError, NotReadyError
from dustjacket.pipeline.families import CLIP
from dustjacket.pipeline.kinds import Kind
from dustjacket.promotion.ledger import Ledger
from dustjacket.promotion.promote import rollback
from dustjacket.promotion.transfers import transfers
from dustjacket.storage.manifest import digest_of
from dustjacket.storage.store import Store
from dustjacket.tracking import runs as tracking
from dustjacket.upkeep import environments
from dustjacket.upkeep.environments import send
from tests.support.facts import least_facts
from tests.support.library import Library

pytestmark = pytest.mark.integration


@pytest.fixture
def staging(store, request):
    """A library in the environment ``staging``."""
    name = f"env-{digest_of({'test': request.node.name})}"
    settings = store.settings.model_copy(update={"bucket": name}).for_environment("staging")
    return Library(settings, settings.bucket)


@pytest.fixture
def production(staging):
    store = Store(staging.store.settings.for_environment("production"))
    store.ensure_bucket()
    return store


def publish(store, kind, version, content, **described):
    draft = store.draft(kind, version)
    for path, body in content.items():
        draft.put(path, body)
    facts = described.pop("facts", least_facts(kind))
    return draft.publish(facts=facts, **described)[0]


def files_of(store, manifest):
    return {file.path: store.read(manifest, file.path) for file in manifest.files}


def test_each_environment_has_a_bucket_experiments_and_models_of_its_own(staging, production):
    assert staging.store.bucket.startswith("staging-env-")
    assert production.bucket == f"production-{staging.store.bucket.removeprefix('staging-')}"
    promoted = staging.promote("a")
    assert mlflow.MlflowClient().get_registered_model("staging-cover-clip")
    tracking.use_experiment("cover-clip")
    assert mlflow.get_experiment_by_name("staging-cover-clip")
    tracking.connect(production.settings)
    assert tracking.with_alias(CLIP.registered, tracking.CHAMPION) is None
    assert tracking.registered(CLIP.registered, kind=CLIP.candidate) is None
    tracking.connect(staging.store.settings)
    assert staging.alias()[0] == promoted.model


def test_a_version_and_what_it_was_made_from_are_copied_by_content(staging, production):
    source = staging.store
    catalog = publish(source, "catalog", "20260101T000000000000Z-aaaaaaaaaaaa", {"a/b": b"books"})
    covers = publish(source, "covers", "20260102T000000000000Z-bbbbbbbbbbbb", {"c": b"x" * 70_000})
    publish(source, "covers", "20260103T000000000000Z-cccccccccccc", {"c": b"not needed"})
    labels = publish(
        source, "labelled_covers", "20260104T000000000000Z-dddddddddddd",
        {"l": b"labels", "model/l": b"more"},
        parents={"covers": covers.version, "catalog": catalog.version},
    )  # fmt: skip
    sent = send(source, production, "labelled_covers", labels.version, who="ann", why="a trial")
    assert sent.version == f"labelled_covers/{labels.version}"
    assert sent.copied == 5 + 70_000 + 6 + 4
    for manifest in (catalog, covers, labels):
        there = production.manifest(manifest.kind, manifest.version)
        assert there == manifest
        assert files_of(production, there) == files_of(source, manifest)
    assert production.versions("covers") == [covers.version]
    received, kept = transfers(production), transfers(source)
    assert [(r.side, r.number, r.who, r.why) for r in received] == [
        ("received", 1, "ann", "a trial")
    ]
    assert [(r.side, r.from_env, r.to_env) for r in kept] == [("sent", "staging", "production")]
    assert set(received[0].needed) == {f"catalog/{catalog.version}", f"covers/{covers.version}"}
    assert received[0].manifest == kept[0].manifest
    again = send(source, production, "labelled_covers", labels.version, who="ann", why="a trial")
    assert again.copied == 0
    assert (len(transfers(production)), len(transfers(source))) == (1, 1)


def test_what_else_was_in_use_there_stays_in_use(staging, production):
    source = staging.store
    theirs = publish(production, "catalog", "20260101T000000000000Z-111111111111", {"a": b"theirs"})
    newer = publish(
        production, "labelled_catalog", "20260109T000000000000Z-222222222222", {"a": b"newer"}
    )
    ours = publish(source, "catalog", "20260105T000000000000Z-aaaaaaaaaaaa", {"a": b"ours"})
    labelled = publish(
        source, "labelled_catalog", "20260106T000000000000Z-bbbbbbbbbbbb", {"a": b"labels"},
        parents={"catalog": ours.version},
    )  # fmt: skip
    send(source, production, "labelled_catalog", labelled.version, who="ann")
    assert production.newest("catalog").version == theirs.version
    assert production.newest("labelled_catalog").version == labelled.version
    assert production.manifest("catalog", ours.version).version == ours.version
    assert production.versions("labelled_catalog") == [labelled.version, newer.version]


def test_a_champion_is_promoted_there_by_the_ledger(staging, production, monkeypatch):
    monkeypatch.setattr(environments, "restore_champion", lambda *_: None)
    first = staging.promote("a")
    version = first.to.partition("/")[2]
    sent = send(staging.store, production, Kind.COVER_CLIP, version, who="ann")
    (record,) = Ledger(production).records()
    assert (record.action, record.who, record.model) == ("promoted", "ann", first.model)
    assert record.to == sent.version
    assert record.why == "promoted from environment staging by ann"
    assert record.evaluation == first.evaluation
    assert record.comparison == Ledger(staging.store).records()[0].comparison
    serving = production.newest(Kind.COVER_CLIP)
    assert production.read(serving, "model/weights.safetensors") == b"a"
    assert transfers(production)[0].version == version
    # A second call does nothing more.
    send(staging.store, production, Kind.COVER_CLIP, version, who="ann")
    assert len(Ledger(production).records()) == 1
    # After a rollback, what serves is the first one's weights, and so it is there.
    staging.promote("b")
    send(staging.store, production, Kind.COVER_CLIP, staging.serves().split("/")[1], who="ann")
    back = rollback(staging.store, CLIP, who="bo")
    send(staging.store, production, Kind.COVER_CLIP, back.to.split("/")[1], who="bo")
    champion = production.newest(Kind.COVER_CLIP)
    assert production.read(champion, "model/weights.safetensors") == b"a"
    assert [r.model for r in Ledger(production).records()] == [
        first.model,
        staging_model(staging, 2),
        first.model,
    ]


def staging_model(staging, number):
    return Ledger(staging.store).records()[number - 1].model


def test_an_index_waits_until_its_model_serves_there(staging, production, monkeypatch):
    monkeypatch.setattr(environments, "restore_champion", lambda *_: None)
    record = staging.promote("a")
    version = record.to.partition("/")[2]
    index = publish(
        staging.store, Kind.COVER_INDEX, "20260106T000000000000Z-bbbbbbbbbbbb", {"i": b"index"},
        parents={Kind.COVER_CLIP: version}, facts={"model": record.to},
    )  # fmt: skip
    with pytest.raises(BadInputError, match=f"promote cover_clip {version} --to production` first"):
        send(staging.store, production, Kind.COVER_INDEX, index.version, who="ann")
    assert production.newest(Kind.COVER_INDEX) is None
    send(staging.store, production, Kind.COVER_CLIP, version, who="ann")
    serves = production.newest(Kind.COVER_CLIP)
    send(staging.store, production, Kind.COVER_INDEX, index.version, who="ann")
    assert production.newest(Kind.COVER_INDEX) == index
    assert production.newest(Kind.COVER_CLIP) == serves


def test_a_copy_that_was_interrupted_goes_on_and_nothing_half_is_published(
    staging, production, monkeypatch
):
    source = staging.store
    content = {f"part-{number}": bytes([number]) * 1000 for number in range(6)}
    covers = publish(source, "covers", "20260102T000000000000Z-bbbbbbbbbbbb", content)
    upload, uploads = type(production.client).upload_file, []

    def fail_at_the_fourth(*given, **options):
        uploads.append(given)
        if len(uploads) == 4:
            raise OSError("the network is gone")
        return upload(production.client, *given, **options)

    monkeypatch.setattr(production.client, "upload_file", fail_at_the_fourth)
    with pytest.raises(OSError, match="network is gone"):
        send(source, production, "covers", covers.version, who="ann")
    assert production.newest("covers") is None
    assert transfers(production) == transfers(source) == []
    sent = send(source, production, "covers", covers.version, who="ann")
    assert sent.copied == 3000
    assert production.newest("covers") == covers


def test_a_file_that_has_changed_and_another_version_of_the_name_are_refused(staging, production):
    source, name = staging.store, "20260102T000000000000Z-bbbbbbbbbbbb"
    covers = publish(source, "covers", name, {"c": b"right"})
    key = covers.prefix + "c"
    source.client.put_object(Bucket=source.bucket, Key=key, Body=b"wrong")
    with pytest.raises(CorruptVersionError, match="does not match its manifest"):
        send(source, production, "covers", name, who="ann")
    assert production.newest("covers") is None
    source.client.put_object(Bucket=source.bucket, Key=key, Body=b"right")
    other = publish(production, "covers", name, {"c": b"other"})
    with pytest.raises(CorruptVersionError, match="production has another covers/"):
        send(source, production, "covers", name, who="ann")
    assert production.newest("covers") == other


def test_what_cannot_be_promoted_is_refused_in_one_line(staging, production):
    with pytest.raises(NotReadyError, match="is not published"):
        send(staging.store, production, "covers", "none", who="ann")
    with pytest.raises(BadInputError, match="is this environment"):
        send(production, production, "covers", "none", who="ann")
    never = publish(
        staging.store, Kind.COVER_CLIP, "20260102T000000000000Z-bbbbbbbbbbbb", {"w": b"x"}
    )
    with pytest.raises(BadInputError, match="was never promoted here"):
        send(staging.store, production, Kind.COVER_CLIP, never.version, who="ann")


def test_the_command_promotes_what_is_in_use(staging, production, monkeypatch):
    publish(staging.store, "covers", "20260102T000000000000Z-bbbbbbbbbbbb", {"c": b"x"})
    printed = LiteralConsole(width=300, record=True, file=io.StringIO())
    monkeypatch.setattr(command, "console", printed)
    monkeypatch.setattr(command, "open_store", lambda: staging.store)
    command.Promote(kind="covers", to="production", comment="go").cli_cmd()
    assert (
        "is in use in production, with 0 versions that it needs; 1 bytes" in printed.export_text()
    )
    assert json.loads(production.get("transfers/00000001.json"))["why"] == "go"
    with pytest.raises(BadInputError, match="names no environment"):
        command.Promote(kind="covers", to="Pro/duction").cli_cmd()
    with pytest.raises(NotReadyError):
        command.Promote(kind="catalog", to="production").cli_cmd()
