"""A killed run resumes; a better candidate is promoted, one trained on shuffled pairs is not."""

import io
import json
from datetime import UTC, datetime

import numpy as np
import pytest

from dustjacket.cli.airflow_api import ACTIVE, AirflowApi
from dustjacket.genres.published_labels import read_labels
from dustjacket.pipeline.families import CLIP
from dustjacket.pipeline.steps import STEPS
from dustjacket.platform.environments import PLATFORM_MARK
from dustjacket.promotion.ledger import Ledger
from dustjacket.retrieval.read import index_in_use
from dustjacket.sample import make_sample
from dustjacket.settings import PLATFORM_ENV, Settings
from dustjacket.storage.manifest import version_name
from dustjacket.storage.store import Store
from tests.e2e.conftest import dustjacket, user_home
from tests.faults.test_ended_tasks import kill_all, until
from tests.faults.test_starts import started, wait_for_line

pytestmark = [pytest.mark.faults, pytest.mark.timeout(2400)]


@pytest.fixture(scope="module")
def own_home():
    with user_home("candidates") as folder:
        yield folder


@pytest.fixture(scope="module")
def own_platform(report, own_home):
    return Settings(_env_file=own_home / PLATFORM_ENV, home=own_home)


@pytest.fixture(scope="module")
def own_store(own_platform):
    return Store(own_platform)


@pytest.fixture(scope="module")
def report(own_home, tmp_path_factory):
    """The whole chain on a small sample library, killed in the middle and run again."""
    folder = tmp_path_factory.mktemp("library")
    library = make_sample(folder, 400, 450, seed=7)
    words = ["run", "--catalog", library.listing, "--covers", library.covers]
    words += ["--select-classifier.candidates", '["complement_nb"]']
    words += ["--train-generator.budget-minutes", 0.2]
    words += ["--finetune-clip.recipe", "locked", "--finetune-clip.epochs", 30]
    words += ["--train-generator.budget-minutes", 0.2]
    words += ["--train-generator.max-covers", 40, "--train-generator.width", 32]
    words += ["--train-generator.sampling-steps", 3]
    words += ["--evaluate-generator.titles", 2, "--evaluate-generator.seeds", 1]
    words += ["--finetune-clip.learning-rate", "1e-3", "--evaluate-clip.min-test-covers", 30]
    process, output = started(own_home, folder, *words)
    try:
        wait_for_line(output, "select_classifier running: cross_validate", 360)
    finally:
        process.kill()
        process.wait()
    kill_all(PLATFORM_MARK, str(own_home))
    again = dustjacket(*words, home=own_home, cwd=folder)
    assert "verdict" in again.stdout
    return json.loads((folder / "report.json").read_text())


def shuffle(store):
    """Publish the newest labels with the books of the training covers dealt out anew."""
    labels = store.newest("labelled_covers")
    books = read_labels(store, labels)
    train = books.index[books["split"] == "train"]
    dealt = np.random.default_rng(13).permutation(train)
    books.loc[train, ["title", "author"]] = books.loc[dealt, ["title", "author"]].to_numpy()
    table = io.BytesIO()
    books.to_parquet(table, index=False)
    draft = store.draft("labelled_covers", version_name(datetime.now(UTC), f"{13:012}"))
    draft.put("labels/part.parquet", table.getvalue())
    return draft.publish(parents=labels.parents, facts=labels.facts)[0]


def test_a_run_killed_in_the_middle_continues_where_it_was(report, own_store):
    assert report["catalog"]["rows_read"] == 400
    for step in STEPS.values():
        versions = own_store.versions(step.publishes)
        digests = [version.rpartition("-")[2] for version in versions]
        assert len(set(digests)) == len(digests) > 0, "the same work published once"
        newest = own_store.newest(step.publishes)
        for entry in newest.files:
            own_store.read(newest, entry.path)


def test_what_was_trained_on_its_own_covers_is_promoted(report, own_store):
    assert report["evaluation"]["verdict"] == "promoted"
    promoted = Ledger(own_store).of_family(CLIP)[-1]
    assert promoted.action == "promoted"
    assert promoted.to == f"cover_clip/{own_store.newest('cover_clip').version}"


def test_what_was_trained_on_shuffled_pairs_is_refused_and_a_rollback_brings_its_index(
    own_home, own_platform, own_store
):
    airflow, ledger = AirflowApi(own_platform), Ledger(own_store)
    run = airflow.trigger("finetune_clip", {"labelled_covers_version": shuffle(own_store).version})
    until(lambda: airflow.run(run.dag_id, run.dag_run_id).state not in ACTIVE, 600, "it hangs")
    refused = until(
        lambda: next((one for one in ledger.of_family(CLIP) if one.action == "refused"), None),
        600, "the gate was not asked",
    )  # fmt: skip
    assert refused.verdict == "not_better", refused.why
    assert refused.comparison["candidate"] < refused.comparison["champion"]

    promoted = ledger.champion(CLIP)
    embedded = index_in_use(own_store)
    output = dustjacket("rollback", home=own_home).stdout
    assert promoted.from_ in output
    served = own_store.newest("cover_clip")
    assert ledger.champion(CLIP).to == f"cover_clip/{served.version}"

    def follows():
        return index_in_use(own_store).parents.get("cover_clip") == served.version

    until(follows, 600, "no index followed")
    assert index_in_use(own_store).facts["weights"] != embedded.facts["weights"]
    assert index_in_use(own_store).facts["embedded"] == 0, "those weights had an index before"

    output = dustjacket("history", home=own_home).stdout
    positions = [output.index(what) for what in ("promoted", "refused", "rolled back")]
    assert positions == sorted(positions)
