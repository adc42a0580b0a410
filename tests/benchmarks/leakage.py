"""Test books whose book is in training too, and different books made one, by independent labels.

Labels come from what the keys do not see. Of the real ebooks, records with one description are one
book under an old and a new name, or in two translations. Of the real listing, a record-linkage
library proposes pairs of similar titles and authors, and people judged each of them, and each pair
that our keys join. The peer is one key for both purposes: normalised title and author, as the
strict key has them. Shares are in percent, with 95 % Wilson intervals.

A book that is in two groups leaks if chance puts these on the test and training side: so the share
of books that are parted bounds the leakage of every split, and has more books to be measured with.
"""

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from dustjacket.identity.groups import groups_of
from dustjacket.identity.text import normalise
from dustjacket.metrics.shares import share_interval
from dustjacket.splits import coarse_key, split_of, strict_key
from tests.benchmarks.measure import fetched, line

DATA = Path(__file__).parents[3] / "shared" / "data"
SAME_IN_LISTING = (
    (180, 2182), (303, 3910), (401, 1428), (1067, 2033), (1230, 2383, 2931), (1388, 4261),
    (1482, 2137), (1853, 3686), (2220, 2434), (2489, 3477), (3494, 4056), (3957, 4502),
)  # fmt: skip
"""Records of the listing, counted from 0, that are one book, by hand."""
SAME_EBOOKS = ((161, 162), (230, 231), (288, 289))
"""Records of one work whose descriptions differ."""

_SIMILAR_TITLE, _SIMILAR_AUTHOR, _EQUAL_TITLE = 88, 70, 92
_BLOCK = 500


def listing() -> pd.DataFrame:
    """Return title, author and ``work``, a number that records of one book share."""
    with (DATA / "book30-listing/listing.csv").open(encoding="utf-8", errors="replace") as stream:
        rows = [(fields[3], fields[4]) for fields in csv.reader(stream)]
    books = pd.DataFrame(rows, columns=["title", "author"])
    return books.assign(work=_joined(np.arange(len(books)), SAME_IN_LISTING))


def ebooks() -> pd.DataFrame:
    """Return title, author and ``work`` of the ebooks."""
    with (DATA / "standard-ebooks/catalog.jsonl").open(encoding="utf-8") as stream:
        books = pd.DataFrame(map(json.loads, stream))
    works = pd.factorize(books["description"].fillna(books["id"]))[0]
    return books[["title", "author"]].assign(work=_joined(works, SAME_EBOOKS))


def _joined(works: np.ndarray, families: tuple[tuple[int, ...], ...]) -> np.ndarray:
    for family in families:
        works = np.where(np.isin(works, works[list(family)]), works[family[0]], works)
    return works


def keys_of(books: pd.DataFrame, key: Callable[[str, str], str]) -> list[str]:
    """Return a key of each book."""
    return [key(*book) for book in zip(books["title"], books["author"], strict=True)]


def groups(books: pd.DataFrame) -> np.ndarray:
    """Return the name of each book's group, by our keys."""
    none = pa.nulls(len(books), pa.string())
    strict, coarse = keys_of(books, strict_key), keys_of(books, coarse_key)
    table = pa.table({"strict": strict, "coarse": coarse, "isbn13": none, "work_id": none})
    return np.array(groups_of(table).to_pylist())


def mixed(keys: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return (n,) whether a record with the same key has another one of ``others``."""
    return np.asarray(pd.Series(others).groupby(keys).transform("nunique") > 1)


def leaked(names: np.ndarray, works: np.ndarray) -> np.ndarray:
    """Return (test records,) whether a record of the same work is in training."""
    sides = np.array([split_of(name) for name in names])
    return np.isin(works[sides == "test"], works[sides == "train"])


def report(name: str, ours: np.ndarray, peer: np.ndarray, what: str) -> None:
    """Print two shares with their intervals."""
    ranges = [
        "{:.2f} to {:.2f}".format(*(100 * end for end in share_interval(hits.astype(float))))
        for hits in (ours, peer)
    ]
    note = f"{what}; ours {ranges[0]}, one key {ranges[1]}"
    line(name, 100 * ours.mean(), 100 * peer.mean(), "%", len(ours), note, digits=3)


def similar_pairs(books: pd.DataFrame) -> set[tuple[int, int]]:
    """Return the pairs of records that the record-linkage library proposes."""
    sys.path.insert(0, str(fetched("leakage", "rapidfuzz")))
    from rapidfuzz import fuzz, process

    titles, authors = ([normalise(text) for text in books[name]] for name in ("title", "author"))
    pairs = set()
    for start in range(0, len(titles), _BLOCK):
        scores = process.cdist(
            titles[start : start + _BLOCK], titles, scorer=fuzz.token_set_ratio,
            score_cutoff=_SIMILAR_TITLE, dtype=np.uint8,
        )  # fmt: skip
        rows, columns = np.nonzero(scores)
        for one, other in zip((start + rows).tolist(), columns.tolist(), strict=True):
            known = authors[one] and authors[other]
            if one < other and (
                not known
                or fuzz.token_set_ratio(authors[one], authors[other]) >= _SIMILAR_AUTHOR
                or fuzz.ratio(titles[one], titles[other]) >= _EQUAL_TITLE
            ):
                pairs.add((one, other))
    return pairs


def main() -> None:
    """Print the figures of each set, and of both."""
    if not DATA.is_dir():
        sys.exit(f"needs the real listing and ebooks in {DATA}")
    sets = {"listing": listing(), "ebooks": ebooks()}
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for name, books in sets.items():
        works = books["work"].to_numpy()
        ours, peer = groups(books), np.array(keys_of(books, strict_key))
        for figure, pair in {
            "leakage": (leaked(ours, works), leaked(peer, works)),
            "parted-books": (mixed(works, ours), mixed(works, peer)),
            "wrong-merges": (mixed(peer, works), mixed(peer, works)),
            "mixed-groups": (mixed(ours, works), mixed(peer, works)),
        }.items():
            found.setdefault(figure, []).append(pair)
            report(f"{figure}-{name}", *pair, WHAT[figure])
    for figure, pairs in found.items():
        report(figure, *map(np.concatenate, zip(*pairs, strict=True)), WHAT[figure])
    books = sets["listing"]
    pairs, works, names = similar_pairs(books), books["work"].to_numpy(), groups(books)
    same = [pair for pair in pairs if len({*works[list(pair)]}) == 1]
    kept = sum(names[one] == names[other] for one, other in same)
    note = f"pairs of one book among {len(pairs)} that rapidfuzz proposes; ours in one group"
    line("linked-pairs", kept, len(same), "pairs", len(books), note, digits=0)


WHAT = {
    "leakage": "test records whose book is in train",
    "parted-books": "records whose book is in several groups",
    "wrong-merges": "records with the strict key of another book",
    "mixed-groups": "records in one group with another book (harmless)",
}

if __name__ == "__main__":
    main()
