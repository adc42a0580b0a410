"""A team's own rules hold back a version, and name the rule and the first rows that break it."""

import csv
import os
from datetime import UTC, datetime

import pytest

from dustjacket.covers.step import INGEST_COVERS
from dustjacket.errors import BadInputError, HeldBackError
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.plan import plan_step
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.records.expectations import BrokenRules, Violation, read_schema
from dustjacket.sources.roots import allow
from tests.support.images import drawn, saved
from tests.support.listings import ingest, store_in

RULES = """
columns:
  title: {checks: {str_length: {max_value: 12}}}
  isbn13: {nullable: true, checks: {str_startswith: "978"}}
  genre: {checks: {isin: [Art, Cooking]}}
"""
BOOKS = [("Nightfall", "Ada Stern", "Art"), ("Harbour", "Bo Lee", "Cooking")]
WARNING = "{value: 1, options: {raise_warning: true}}"
LONG = ("A title, far too long", "Ada Stern", "Art")


@pytest.fixture
def store(tmp_path):
    return store_in(tmp_path)


@pytest.fixture
def rules(tmp_path, store):
    def write(text, name="rules.yaml"):
        file = tmp_path / name
        file.write_text(text)
        allow(str(file), store.settings)
        return str(file)

    return write


def write_listing(folder, books, name="listing.csv"):
    with (folder / name).open("w", newline="") as out:
        csv.writer(out).writerows(
            [
                ("title", "author", "genre", "image"),
                *((*book, f"{n}.jpg") for n, book in enumerate(books)),
            ]
        )
    return folder / name


def test_a_listing_that_keeps_the_rules_is_published(store, rules, tmp_path):
    listing = write_listing(tmp_path, BOOKS)
    found = ingest(listing, store, min_rows_per_genre=1, expectations=rules(RULES))
    assert found.titles == ["Nightfall", "Harbour"]


def test_a_listing_that_breaks_a_rule_is_held_back_with_its_rows(store, rules, tmp_path):
    books = [*BOOKS, LONG, ("Orchard", "Cy Orr", "Crime"), (f"{LONG[0]} 2", "Di Day", "Art")]
    listing = write_listing(tmp_path, books)
    with pytest.raises(HeldBackError) as held:
        ingest(listing, store, min_rows_per_genre=1, expectations=rules(RULES))
    line = str(held.value)
    assert "is held back by" in line
    assert "rules.yaml': title breaks str_length(None, 12) in 2 rows" in line
    assert "first listing.csv row 3 ('A title, far too long')" in line
    assert "; rules broken beside it: 1." in line
    assert "\n" not in line
    assert store.newest("catalog") is None


def test_rejected_rows_keep_no_rules(store, rules, tmp_path):
    listing = write_listing(tmp_path, [*BOOKS, ("A title, far too long", "Ada Stern", "")])
    found = ingest(listing, store, min_rows_per_genre=1, expectations=rules(RULES))
    assert found.reasons == ["no_genre"]


def test_covers_are_held_back_too(store, rules, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    for n in range(3):
        (images / f"{n}.jpg").write_bytes(saved(drawn(n)))
    table = write_listing(images, [*BOOKS, LONG], "table.csv")
    allow(str(images), store.settings)
    short = rules("columns: {title: {checks: {str_length: {max_value: 12}}}}")

    def run():
        given = {"source": str(images), "max_reject_share": 1, "expectations": short}
        plan = plan_step(INGEST_COVERS, store, TeamDefaults(), datetime.now(UTC), given)
        job = Job.of(plan, store)
        job.step.load_function()(job, None)

    good = short
    short = rules("columns: {titel: {}}", "wrong.yaml")
    with pytest.raises(BadInputError, match="for 'titel', which is no column of a row"):
        run()
    assert not list(store.keys("covers/")), "nothing was written before"
    short = good

    with pytest.raises(HeldBackError, match=r"first table.csv row 3 \('A title, far too long'\)"):
        run()
    table.write_text("\n".join(table.read_text().splitlines()[:-1]))
    run()
    assert store.newest("covers").rows["accepted"] == 2


def test_rules_may_be_json_and_a_schema_that_pandera_writes(store, rules):
    import pandera.pandas as pa

    schema = pa.DataFrameSchema({"title": pa.Column(str, pa.Check.str_length(max_value=3))})
    from_json = read_schema(rules(schema.to_json(), "rules.json"), store, ["title"])
    from_yaml = read_schema(rules(schema.to_yaml()), store, ["title"])
    assert from_json == from_yaml == schema


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "name a column"),
        ("[1]", "are no pandera schema"),
        ("columns: {title: {checks: {no_such_check: 1}}}", "are no pandera schema"),
        ("columns: {title: {checks: !!python/object/apply:os.system ['true']}}", "are no pandera"),
        ("columns: {}", "name a column"),
        ("columns: {title: {unique: true}}", "remove unique"),
        ("columns: {'t.*': {regex: true}}", "remove unique"),
        ("drop_invalid_rows: true\ncolumns: {title: {}}", "remove drop_invalid_rows"),
        ("columns: {title: {drop_invalid_rows: true}}", "remove drop_invalid_rows"),
        (f"columns: {{title: {{checks: {{str_length: {WARNING}}}}}}}", "raise_warning"),
        (f"columns: {{title: {{}}}}\nchecks: {{greater_than: {WARNING}}}", "raise_warning"),
        ("columns: {title: &a {}, author: *a}", "alias: write its value"),
        ("columns: {titel: {}}", "for 'titel', which is no column of a row: name one of file"),
    ],
)
def test_what_is_no_set_of_rules_ends_in_one_line(store, rules, tmp_path, text, reason):
    listing = write_listing(tmp_path, BOOKS)
    with pytest.raises(BadInputError, match=reason) as refused:
        ingest(listing, store, min_rows_per_genre=1, expectations=rules(text))
    assert "\n" not in str(refused.value)


def test_a_text_that_is_a_path_is_not_opened(store, rules, tmp_path):
    secret = tmp_path / "secret.yaml"
    secret.write_text("columns: {title: {}}")
    with pytest.raises(BadInputError, match="are no pandera schema"):
        read_schema(rules(str(secret)), store, ["title"])


def test_what_is_no_regular_file_is_refused_without_waiting_for_it(store, tmp_path):
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    allow(str(pipe), store.settings)
    with pytest.raises(BadInputError, match="is neither a file nor a folder"):
        read_schema(str(pipe), store, ["title"])


def test_nested_aliases_are_refused_before_they_grow(store, rules):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    text = "\n".join([*lines, "columns: {title: {dtype: *a11}}"])
    with pytest.raises(BadInputError, match="alias: write its value"):
        read_schema(rules(text), store, ["title"])


def test_a_strict_schema_is_about_the_columns_that_it_names(store, rules, tmp_path):
    listing = write_listing(tmp_path, BOOKS)
    strict = rules("strict: true\n" + RULES)
    assert len(ingest(listing, store, min_rows_per_genre=1, expectations=strict).titles) == 2


def test_wrong_rules_of_a_catalogue_end_before_its_listing_is_read(store, rules, tmp_path):
    listing = tmp_path / "listing.csv"
    listing.write_text("no listing at all")
    with pytest.raises(BadInputError, match="for 'titel', which is no column"):
        ingest(listing, store, expectations=rules("columns: {titel: {}}"))


def test_many_broken_rows_are_counted_and_the_first_are_kept():
    broken = BrokenRules("rules.yaml")
    for row in range(5000):
        broken.add(Violation("title", "short", "a.csv", row, "x"))
    assert len(broken.table()) == 1000
    assert "in 5,000 rows, first a.csv row 0 ('x'), a.csv row 1 ('x'), a.csv row 2" in (
        broken.sentence("a")
    )
