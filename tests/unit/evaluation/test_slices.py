"""Recall by what training knew of a book's author."""

import numpy as np
import pandas as pd
import pytest

from dustjacket.evaluation.recall_rows import recall_row
from dustjacket.evaluation.slices import author_slices, measure_authors
from tests.support.evaluation_case import comparison


def test_an_author_is_seen_in_whichever_order_its_name_is_written():
    trained = pd.Series(["J.R.R. Tolkien", None, ""])
    tested = pd.Series(["Tolkien, J. R. R.", "Ann King", None, ""])
    assert author_slices(tested, trained).tolist() == [
        "author seen", "author never seen", "no author", "no author",
    ]  # fmt: skip


def test_the_report_has_each_slice_with_its_number_of_covers():
    case = comparison()
    books = case.lineage.books
    unseen = books.index[(books["split"] == "test") & books["author"].notna()][:3]
    books.loc[unseen, "author"] = "Someone New"
    found = measure_authors(case)
    rows = {(row["search"], row["of"]): row for row in found.facts["rows"]}
    assert {search for search, _ in rows} == {"starting", "champion", "candidate"}
    never = rows["candidate", "author never seen"]
    assert never["queries"] == 3
    assert never["low"] < never["recall_at_10"] < never["high"] or never["recall_at_10"] in (0, 1)
    of_candidate = [row for (search, _), row in rows.items() if search == "candidate"]
    assert sum(row["queries"] for row in of_candidate) == len(case.test_indices)
    (table,) = found.section.tables
    assert any(row[:3] == ["candidate", "author never seen", "3"] for row in table.rows)
    assert "authors.candidate.author_never_seen" in found.metrics


def test_copies_of_each_cover_in_its_group_do_not_narrow_a_row():
    hits = np.random.default_rng(2).random(60) < 0.4
    one = recall_row("a", "b", hits, np.arange(60))
    four = recall_row("a", "b", np.repeat(hits, 4), np.repeat(np.arange(60), 4))
    assert (four.low, four.high) == pytest.approx((one.low, one.high), abs=0.01)
