"""What a person deletes or moves in MLflow or S3: ``@champion`` is what serves, or nothing."""

import logging
from contextlib import chdir
from pathlib import Path

import mlflow
import pytest
from mlflow.exceptions import MlflowException

from dustjacket.pipeline.families import CLIP
from dustjacket.promotion.ledger import Ledger
from dustjacket.promotion.promote import finish, promote, rollback
from dustjacket.promotion.registry import ensure_champion, ensure_registered, restore_champion
from dustjacket.storage.manifest import digest_of
from dustjacket.tracking import runs as tracking
from tests.support.library import BETTER, WORSE, Library

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", autouse=True)
def artifacts(tmp_path_factory):
    """MLflow writes artifacts below the working folder."""
    with chdir(tmp_path_factory.mktemp("artifacts")):
        yield


@pytest.fixture
def library(store, request):
    return Library(store.settings, f"test-{digest_of({'test': request.node.name})}")


def champion():
    return tracking.with_alias(CLIP.registered, tracking.CHAMPION)


def delete_version():
    mlflow.MlflowClient().delete_model_version(CLIP.registered, champion().version)


def delete_alias():
    mlflow.MlflowClient().delete_registered_model_alias(CLIP.registered, tracking.CHAMPION)


def delete_model():
    mlflow.MlflowClient().delete_registered_model(CLIP.registered)


def delete_experiment():
    found = mlflow.get_experiment_by_name(CLIP.registered)
    mlflow.MlflowClient().delete_experiment(found.experiment_id)


def registered_weights():
    """Return the weights that MLflow holds for its champion."""
    folder = mlflow.artifacts.download_artifacts(f"models:/{CLIP.registered}@{tracking.CHAMPION}")
    return next(Path(folder).rglob("weights.safetensors")).read_text()


def evaluate(library, weights, figures):
    """Do with MLflow and the ledger what the step and the task after it do."""
    evaluation = library.evaluation(weights, figures)
    tracking.use_experiment(CLIP.registered)
    with mlflow.start_run():
        candidate = library.store.manifest("clip_candidate", evaluation.parents["clip_candidate"])
        ensure_registered(library.store, CLIP, candidate)
        ensure_champion(library.store, CLIP, library.starting)
    return promote(library.store, evaluation, "a run")


@pytest.mark.parametrize("delete", [delete_version, delete_alias, delete_model])
def test_what_is_deleted_in_mlflow_is_registered_again_never_the_starting_weights(library, delete):
    record = library.promote("a")
    delete()
    assert evaluate(library, "b", WORSE).action == "refused"
    assert library.alias()[0] == record.model
    if delete is not delete_alias:
        assert registered_weights() == "a"


def test_a_rollback_to_a_model_that_mlflow_has_lost_registers_it_again(library, caplog):
    library.promote("a")
    delete_version()
    library.promote("b")
    rollback(library.store, CLIP, who="ann")
    assert champion() is None
    assert "there is no @champion until the model is registered again" in caplog.text
    restore_champion(library.store, CLIP)
    assert registered_weights() == library.weights() == "a"


def test_a_deleted_experiment_is_restored(library):
    tracking.use_experiment(CLIP.registered)
    delete_experiment()
    record = library.promote("a")
    assert evaluate(library, "b", WORSE).action == "refused"
    assert library.alias()[0] == record.model


def test_a_run_that_is_deleted_is_not_resumed(library):
    tracking.use_experiment(CLIP.registered)
    with mlflow.start_run() as run:
        pass
    assert tracking.is_active(run.info.run_id)
    mlflow.MlflowClient().delete_run(run.info.run_id)
    assert not tracking.is_active(run.info.run_id)
    assert not tracking.is_active("0" * 32)
    with pytest.raises(MlflowException):
        mlflow.start_run(run.info.run_id)


@pytest.mark.parametrize("decide_again", ["finish", "evaluate"])
def test_an_alias_that_was_moved_by_hand_is_reported_and_set_back(library, caplog, decide_again):
    record = library.promote("a")
    right = champion().version
    library.publish("clip_candidate", "by hand")
    wrong = str(int(right) + 1)
    mlflow.MlflowClient().set_registered_model_alias(CLIP.registered, tracking.CHAMPION, wrong)
    with caplog.at_level(logging.WARNING):
        if decide_again == "finish":
            finish(library.store, CLIP)
        else:
            evaluate(library, "b", WORSE)
    assert library.alias()[0] == record.model
    assert f"was version {wrong}, which does not serve: set back to version {right}" in caplog.text


def test_a_promotion_reports_no_alias_as_moved(library, caplog):
    library.promote("a")
    with caplog.at_level(logging.WARNING):
        library.promote("b")
        rollback(library.store, CLIP, who="ann")
        library.promote("c", WORSE)
    assert "set back" not in caplog.text


def test_decisions_go_on_without_the_manifest_of_the_promoted_candidate(library):
    first = library.promote("a")
    library.delete(first.model)
    assert library.promote("b", WORSE).action == "refused"
    assert library.alias()[0] == first.model
    second = library.promote("c")
    assert library.alias()[0] == second.model
    library.delete(second.model)
    assert rollback(library.store, CLIP, who="ann").model == first.to
    assert library.weights() == "a"
    assert library.alias()[0] == first.model


def test_a_deleted_champion_is_published_again(library):
    record = library.promote("a")
    library.delete(record.to)
    assert library.serves() is None
    assert evaluate(library, "b", WORSE).action == "refused"
    assert (library.serves(), library.weights()) == (record.to, "a")
    assert library.alias()[0] == record.model


@pytest.mark.parametrize("promotions", [1, 2])
def test_a_champion_that_is_gone_with_its_candidate_does_not_end_all_promotions(
    library, caplog, promotions
):
    starting = f"starting_clip/{library.starting.version}"
    records = [library.promote(f"{number}") for number in range(promotions)]
    *_, left, record = starting, *(each.model for each in records[:-1]), records[-1]
    library.delete(record.to)
    library.delete(record.model)
    assert evaluate(library, "b", WORSE).action == "refused"
    assert f"{record.to}, which ledger record {record.number} made champion, is gone" in caplog.text
    assert library.alias()[0] == left
    promoted = evaluate(library, "c", BETTER)
    assert promoted.action == "promoted"
    assert library.weights() == "c"
    assert Ledger(library.store).champion(CLIP).to == promoted.to == library.serves()
