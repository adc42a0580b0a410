"""How good the selected classifier is, beside scikit-learn's best on the same books and split.

Reads the listing that ``DATA`` names, or both real ones in ``../shared/data``. Lines:

- ``best``: what the default selection gives, against scikit-learn's best without embeddings,
- ``same_features``: the same against scikit-learn's best given the same embeddings,
- ``sparse``: a selection without embeddings, against scikit-learn's best without.

A peer's settings are chosen by cross-validation on the same folds; of the peers, the one that is
best on the *test* books is taken, which flatters it. Calibration errors are of out-of-fold
predictions.
"""

import logging
import os
import warnings
from pathlib import Path
from typing import get_args

from dustjacket.genres.embeddings import KIND, read_sentences
from dustjacket.genres.step import CandidateName, ClassifierParameters
from dustjacket.genres.training_data import with_fold
from dustjacket.metrics.classification import label_metrics
from tests.benchmarks.measure import line
from tests.benchmarks.peers import searches, with_text
from tests.support.stores import bench

SHARED = Path(__file__).parents[3] / "shared" / "data"
REAL = ("book30-listing/listing.csv", "genre-titles/titles.csv")


def table_of(alone, catalog):
    """Return the catalogue's books with their folds and embeddings, in its order."""
    parameters = ClassifierParameters()
    books = alone.spark.read.parquet(alone.store.uri(catalog, "books"))
    table = with_fold(books, parameters.folds, parameters.seed).toPandas()
    published = alone.store.newest(KIND)
    if published and published.parents["catalog"] == catalog.version:
        sentences = read_sentences(alone.spark, alone.store, published)
        table = table.merge(sentences, on=["file", "position"])
    return with_text(table.sort_values(["file", "position"], ignore_index=True))


def best_peer(table, *, embedded):
    """Return the name and metrics of the peer that is best on test books."""
    train, test = table[table["split"] != "test"], table[table["split"] == "test"]
    found = {}
    for name, search in searches(train["fold"].to_numpy(), 1, embedded=embedded).items():
        search.fit(train, train["genre"])
        found[name] = label_metrics(list(test["genre"]), list(search.predict(test)))
    best = max(found, key=lambda name: found[name]["f1_weighted"])
    return best, found[best]


def compare(alone, data):
    """Print all lines of one listing."""
    name = Path(data).parent.name
    catalog = alone.run("ingest_catalog", source=str(data), accept_changes=True)
    sparse = [c for c in get_args(CandidateName) if not c.endswith("_sentences")]
    ours = {
        "best": alone.run("select_classifier").facts,
        "sparse": alone.run("select_classifier", candidates=sparse).facts,
    }
    ours["same_features"] = ours["best"]
    table = table_of(alone, catalog)
    plain = best_peer(table, embedded=False)
    peers = {"best": plain, "sparse": plain}
    if "sentence" in table:
        peers["same_features"] = best_peer(table, embedded=True)
    rows = int((table["split"] == "test").sum())
    for what, (peer, metrics) in peers.items():
        facts = ours[what]
        for metric in ("accuracy", "f1_weighted"):
            low, high = facts["intervals"][metric]
            note = f"{name}: {facts['selected']} ({low:.3f} to {high:.3f}) against {peer}"
            line(
                f"selection-accuracy/{what}",
                facts["test"][metric],
                metrics[metric],
                metric,
                rows,
                note,
                digits=3,
            )
    for what in ("best", "sparse"):
        ece = ours[what]["out_of_fold"]["ece"]
        note = f"{name}: {ours[what]['selected']}, out of fold; under .05 is wanted"
        line(f"selection-calibration/{what}", ece, 0.05, "ece", len(table) - rows, note, digits=3)


def main():
    """Compare on the caller's listing, or on both real ones."""
    warnings.filterwarnings("ignore")
    logging.basicConfig(format="%(asctime)s %(message)s")
    logging.getLogger("dustjacket").setLevel(logging.INFO)
    given = os.environ.get("DATA")
    for number, data in enumerate([Path(given)] if given else [SHARED / real for real in REAL]):
        if not data.exists():
            print(f"{data} is not there: name a listing as DATA=")
            continue
        with bench(f"bench-selection-{number}") as alone:
            compare(alone, data.absolute())


if __name__ == "__main__":
    main()
