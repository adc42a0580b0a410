"""A candidate trained on shuffled pairs is refused; a rollback brings its index back.

The name of this file keeps it behind the others: it changes what is served.
"""

import io
from datetime import UTC, datetime

import numpy as np
import pytest

from dustjacket.cli.airflow_api import ACTIVE, AirflowApi
from dustjacket.genres.published_labels import read_labels
from dustjacket.pipeline.families import CLIP
from dustjacket.promotion.ledger import Ledger
from dustjacket.retrieval.read import index_in_use
from dustjacket.storage.manifest import version_name
from tests.support.commands import dustjacket, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]


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


def test_what_was_trained_on_shuffled_pairs_is_refused_and_a_rollback_brings_its_index(
    first_run, home, platform, store
):
    airflow, ledger = AirflowApi(platform), Ledger(store)
    run = airflow.trigger("finetune_clip", {"labelled_covers_version": shuffle(store).version})
    until(lambda: airflow.run(run.dag_id, run.dag_run_id).state not in ACTIVE, 600, "it hangs")
    refused = until(
        lambda: next((one for one in ledger.of_family(CLIP) if one.action == "refused"), None),
        600, "the gate was not asked",
    )  # fmt: skip
    assert refused.verdict == "not_better", refused.why
    assert refused.comparison["candidate"] < refused.comparison["champion"]

    promoted = ledger.champion(CLIP)
    embedded = index_in_use(store)
    output = dustjacket("rollback", home=home).stdout
    assert promoted.from_ in output
    served = store.newest("cover_clip")
    assert ledger.champion(CLIP).to == f"cover_clip/{served.version}"

    def follows():
        return index_in_use(store).parents.get("cover_clip") == served.version

    until(follows, 600, "no index followed")
    assert index_in_use(store).facts["weights"] != embedded.facts["weights"]
    assert index_in_use(store).facts["embedded"] == 0, "those weights had an index before"

    output = dustjacket("history", home=home).stdout
    positions = [output.index(what) for what in ("promoted", "refused", "rolled back")]
    assert positions == sorted(positions)
