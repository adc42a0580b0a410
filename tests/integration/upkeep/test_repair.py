"""If MLflow's database is lost, the bucket has all that its registry showed."""

import shutil
from contextlib import chdir

import mlflow
import pytest

from dustjacket.pipeline.families import CLIP
from dustjacket.pipeline.team_defaults import TeamDefaults, keep_copy, stored_copy
from dustjacket.promotion.promote import promote, rollback
from dustjacket.storage.manifest import digest_of
from dustjacket.storage.store import Store
from dustjacket.tracking import runs as tracking
from dustjacket.upkeep.aliases import check_aliases
from dustjacket.upkeep.repair import repair_defaults, repair_registry
from tests.support.library import WORSE, Library

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def artifacts(tmp_path):
    """MLflow writes artifacts below the working folder."""
    with chdir(tmp_path):
        yield


@pytest.fixture
def library(store, request):
    return Library(store.settings, f"test-{digest_of({'test': request.node.name})}")


@pytest.fixture
def lost(library, empty_mlflow, tmp_path):
    """The library's store, beside an MLflow that knows nothing."""

    def lose() -> Store:
        database = shutil.copy(empty_mlflow, tmp_path / "new.db")
        settings = library.store.settings.model_copy(update={"mlflow_uri": f"sqlite:///{database}"})
        tracking.connect(settings)
        return Store(settings)

    return lose


def shown(library):
    """Return each registered model with what the ledger says of it, and the champion."""
    models = mlflow.MlflowClient().search_model_versions(f"name = '{CLIP.registered}'")
    of_bucket = {version for kind in CLIP.weights for version in library.store.versions(kind)}
    return {
        (model.tags["kind"], model.tags["version"]): (
            model.tags.get("verdict"), model.tags.get("ledger_record")
        )
        for model in models if model.tags["version"] in of_bucket
    }, library.alias()[0]  # fmt: skip


def test_registry_tags_and_alias_are_as_before(library, lost):
    library.promote("a")
    promote(library.store, library.evaluation("b", WORSE), "a run")
    library.promote("c")
    rollback(library.store, CLIP, who="ann")
    before = shown(library)
    store, lines = lost(), []
    repair_registry(store, lines.append)
    assert shown(library) == before
    models, _ = before
    assert {verdict for verdict, _ in models.values()} >= {"not_better", "restored"}
    assert len([line for line in lines if line.startswith("registered ")]) == len(models)
    again = []
    repair_registry(store, again.append)
    assert shown(library) == before
    assert not [line for line in again if line.startswith("registered ")]


def test_an_alias_that_was_moved_by_hand_is_set_back(library):
    library.promote("a")
    champion = library.promote("b").model
    (first, *_) = (
        model
        for model in mlflow.MlflowClient().search_model_versions(f"name = '{CLIP.registered}'")
        if f"{model.tags['kind']}/{model.tags['version']}" != champion
    )
    client = mlflow.MlflowClient()
    client.set_registered_model_alias(CLIP.registered, tracking.CHAMPION, first.version)
    assert library.alias()[0] != champion
    (found,) = check_aliases(library.store.settings)
    assert (found.check, found.state) == ("cover-clip@champion", "warning")
    assert f"{champion} serves" in found.found
    assert "dustjacket repair" in found.cure
    repair_registry(library.store, lambda _: None)
    assert library.alias()[0] == champion
    (found,) = check_aliases(library.store.settings)
    assert (found.state, found.found) == ("ok", champion)
    client.delete_registered_model_alias(CLIP.registered, tracking.CHAMPION)
    (found,) = check_aliases(library.store.settings)
    assert found.state == "warning"
    assert found.found.startswith("it is missing")


def test_before_any_promotion_the_starting_weights_are_the_champion(library, lost):
    store = lost()
    assert check_aliases(store.settings) == []
    repair_registry(store, lambda _: None)
    assert [found.state for found in check_aliases(store.settings)] == ["ok"]
    assert library.alias()[0] == f"starting_clip/{library.starting.version}"


def test_team_defaults_come_back_from_the_bucket_and_are_not_overwritten(library):
    store, written, lines = library.store, [], []
    repair_defaults(store, None, written.append, lines.append)
    assert written == []
    text = TeamDefaults(ingest_catalog={"source": "/books.csv"}).to_json()
    keep_copy(store, text)
    assert stored_copy(store) == text
    repair_defaults(store, "{}", written.append, lines.append)
    assert written == []
    repair_defaults(store, None, written.append, lines.append)
    assert written == [text]
