"""F1 of genres with and without what a second source gives to a listing of titles.

The listing has title, author and category of the books in ``../shared/data/standard-ebooks``; its
``catalog.jsonl`` is the second source. One classifier, TF-IDF and logistic regression, sees the
titles alone, then also the joined descriptions, then also the joined headings. Folds keep an
author's books together, and figures are of the folds that all three share, with 95 % intervals (t)
over them. The categories were made by rules from the subjects, so the third figure is circular.
"""

import csv
import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline

from dustjacket.sources.roots import allow
from tests.support.listings import ingest, store_in

DATA = Path(__file__).parents[3] / "shared/data/standard-ebooks/catalog.jsonl"
_FOLDS, _REPEATS = 5, 4


def enriched_books(folder: Path) -> list[dict[str, Any]]:
    """Ingest the titles with the catalogue as the second source, and return the books."""
    books = [json.loads(line) for line in DATA.read_text().splitlines()]
    listing, second = folder / "titles.csv", folder / "second.jsonl"
    with listing.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("title", "author", "genre"))
        rows.writerows((book["title"], book["author"], book["category"]) for book in books)
    with second.open("w") as file:
        for book in books:
            text = book["long_description"] or book["description"]
            names = [subject["term"] for subject in book["subjects"] or ()]
            file.write(
                json.dumps(
                    {"title": book["title"], "author": book["author"], "description": text,
                     "subjects": [{"scheme": "lcsh", "heading": name} for name in names]}
                ) + "\n"
            )  # fmt: skip
    store = store_in(folder)
    allow(str(second), store.settings)
    version = ingest(listing, store, enrich=str(second), min_rows_per_genre=_FOLDS)
    print(json.dumps({"enrichment": version.manifest.facts["profile"]["enrichment"]}))
    return version.books


def scores(texts: list[str], books: list[dict[str, Any]]) -> np.ndarray:
    """Return the macro F1 of each fold of each repeat."""
    genres = np.array([book["genre"] for book in books])
    authors = np.array([book["author"] or "" for book in books])
    found = []
    for seed in range(_REPEATS):
        folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
        for train, test in folds.split(texts, genres, authors):
            model = make_pipeline(
                TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=1),
                LogisticRegression(C=30, class_weight="balanced", max_iter=300),
            )
            model.fit([texts[place] for place in train], genres[train])
            predicted = model.predict([texts[place] for place in test])
            found.append(f1_score(genres[test], predicted, average="macro", zero_division=0))
    return np.array(found)


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return a 95 % interval of the mean, by Student's t."""
    half = stats.sem(values) * stats.t.ppf(0.975, len(values) - 1)
    return round(values.mean() - half, 4), round(values.mean() + half, 4)


def main() -> None:
    """Print macro F1 of each kind of text, and its gain over titles alone."""
    if not DATA.exists():
        raise SystemExit(f"no data at {DATA}: this benchmark reads a real set")
    warnings.simplefilter("ignore", ConvergenceWarning)
    with tempfile.TemporaryDirectory() as folder:
        books = enriched_books(Path(folder))
    titles = [book["title"] for book in books]
    described = [f"{book['title']} {book['description'] or ''}" for book in books]
    headings = [" ".join(s["heading"] or "" for s in book["subjects"]) for book in books]
    with_subjects = [f"{text} {heading}" for text, heading in zip(described, headings, strict=True)]
    base = scores(titles, books)
    for name, texts in (
        ("titles", titles), ("titles+descriptions", described),
        ("titles+descriptions+subjects", with_subjects),
    ):  # fmt: skip
        found = base if texts is titles else scores(texts, books)
        figure = {"name": f"enrichment-{name}", "macro_f1": round(found.mean(), 4),
                  "interval": interval(found), "gain": round((found - base).mean(), 4),
                  "gain_interval": interval(found - base), "books": len(books),
                  "folds": len(found)}  # fmt: skip
        print(json.dumps(figure), flush=True)


if __name__ == "__main__":
    main()
