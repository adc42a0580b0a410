"""Where a source says that its covers are, whatever its format, and what it may not name."""

import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from aiohttp import web

from dustjacket.errors import BadInputError
from tests.conftest import ROOT
from tests.support.covers_run import run, write_table
from tests.support.images import drawn, saved
from tests.support.web_server import serving

REAL = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="module")
def bodies():
    return [saved(drawn(seed)) for seed in range(4)]


def put(folder, names, bodies):
    for name, body in zip(names, bodies, strict=False):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)


def titles(found):
    return dict(zip(found.index["title"], found.index["image"], strict=True))


def test_paths_are_found_below_above_and_beside_their_table(spark, tmp_path, bodies):
    source = tmp_path / "set"
    put(source, ["a/1.jpg", "b/1.jpg", "b/2.jpg", "top.jpg"], bodies)
    rows = [
        ("Prefixed", "A", "dataset/a/1.jpg"),
        ("Beside", "B", "top.jpg"),
        ("Two of that end", "C", "1.jpg"),
        ("None of that end", "C", "a/9.jpg"),
    ]
    write_table(source / "all.csv", rows, ("name", "author", "img_paths"))
    write_table(
        source / "b" / "own.csv", [("Own folder", "D", "2.jpg")], ("name", "author", "image")
    )
    found = run(spark, source, tmp_path / "out")
    assert set(found.index["title"]) == {"Prefixed", "Beside", "Own folder"}
    assert found.reasons() == {
        "Two of that end": "missing_image",
        "None of that end": "missing_image",
    }
    assert found.result.accepted + found.result.rejected == 5
    assert len(set(found.index["position"])) == 3


def test_what_a_table_may_not_name_is_rejected_and_never_read(spark, tmp_path, bodies):
    source, secret = tmp_path / "set", tmp_path / "secret.jpg"
    secret.write_bytes(bodies[0])
    put(source, ["a.jpg", "..hidden/b.jpg"], bodies[1:])
    (source / "link.jpg").symlink_to(secret)
    paths = {
        "Above": "../secret.jpg",
        "Above within": "a/../../secret.jpg",
        "Absolute": str(secret),
        "Windows": "..\\secret.jpg",
        "Scheme": f"file://{secret}",
        "Linked": "link.jpg",
        "Whole": "a.jpg",
        "Odd folder": "..hidden/b.jpg",
    }
    write_table(
        source / "t.csv", [(t, "", p) for t, p in paths.items()], ("title", "author", "image")
    )
    found = run(spark, source, tmp_path / "out", names=["t.csv", "a.jpg", "..hidden/b.jpg"])
    assert set(found.index["title"]) == {"Whole", "Odd folder"}
    assert set(found.reasons().values()) == {"unsafe_path", "missing_image"}


def test_tables_of_every_kind_name_the_same_covers(spark, tmp_path, bodies):
    async def handler(request):
        return web.Response(body=bodies[int(request.path[1])])

    with serving(handler) as served:
        urls = [served.url(str(number)) for number in range(3)]
        rows = [{"Buchtitel": f"Title {n}", "wer": "Me", "wo": url} for n, url in enumerate(urls)]
        named = {"title_column": "buchtitel", "author_column": "wer", "image_column": "WO"}
        frame = pd.DataFrame(rows)
        frame.to_csv(tmp_path / "a.csv", index=False)
        frame.to_csv(tmp_path / "b.tsv", index=False, sep="\t")
        frame.to_csv(tmp_path / "c.csv.gz", index=False)
        pq.write_table(pa.Table.from_pandas(frame), tmp_path / "d.parquet")
        (tmp_path / "e.jsonl").write_text("\n".join(map(json.dumps, rows)))
        found = run(spark, tmp_path, tmp_path / "out", **named)
        assert list(found.index["title"]) == ["Title 0", "Title 1", "Title 2"]
        assert list(found.index["url"]) == urls
        assert set(found.index["category"]) == {None}
        repeated = found.table("rejected")
        assert set(repeated["reason"]) == {"duplicate"}
        for name in ("b.tsv", "c.csv.gz", "d.parquet", "e.jsonl"):
            there = repeated[repeated["source_file"] == name]
            assert list(there["title"]) == ["Title 0", "Title 1", "Title 2"], name
            assert list(there["url"]) == urls
        listing = tmp_path / "listing"
        listing.mkdir()
        (listing / "f.csv").write_text(
            "\n".join(
                f'"1","{n}.jpg","{url}","Title {n}","Me","3","Art"' for n, url in enumerate(urls)
            )
        )
        found = run(spark, listing / "f.csv", tmp_path / "out-listing")
        assert list(found.index["title"]) == ["Title 0", "Title 1", "Title 2"]
        assert list(found.index["url"]) == urls
        assert set(found.index["category"]) == {"Art"}


def test_images_named_for_their_books_need_no_table(spark, tmp_path, bodies):
    names = [
        "Art/War - Peace - Ann Lee.jpg",
        "Emma - Jane Austen.png",
        "Beowulf.jpg",
        "... - X.jpg",
    ]
    put(tmp_path / "set", names, bodies)
    found = run(spark, tmp_path / "set", tmp_path / "out")
    said = {row["title"]: (row["author"], row["category"]) for _, row in found.index.iterrows()}
    assert said == {
        "War - Peace": ("Ann Lee", "Art"),
        "Emma": ("Jane Austen", None),
        "Beowulf": (None, None),
    }
    assert list(found.reasons().values()) == ["punctuation_title"]


def test_a_column_that_is_not_there_is_one_line_with_those_that_are(spark, tmp_path):
    table = write_table(tmp_path / "t.csv", [("A", "B", "c.jpg")])
    with pytest.raises(BadInputError, match="'nme': set title_column to one of author, image_url"):
        run(spark, table, tmp_path / "out", title_column="nme")


def test_a_source_without_covers_is_one_line_with_the_cure(spark, tmp_path):
    write_table(tmp_path / "t.csv", [("A", "B")], ("title", "price"))
    with pytest.raises(BadInputError, match="no table of covers: give a table with a title"):
        run(spark, tmp_path, tmp_path / "out")


def test_a_row_that_cannot_be_read_costs_itself_alone(spark, tmp_path, bodies):
    put(tmp_path / "set", ["1.jpg", "2.jpg"], bodies)
    rows = ["title,author,image", "One,A,1.jpg", 'Two,"A,2.jpg', "", ",A,2.jpg", "---,A,2.jpg"]
    rows += [f"{'long ' * 300},A,2.jpg", "Three,A,", "Four,A,2.jpg", "x,y"]
    (tmp_path / "set" / "t.csv").write_text("\n".join(rows))
    found = run(spark, tmp_path / "set", tmp_path / "out")
    assert set(found.index["title"]) == {"One", "Four"}
    assert found.result.by_reason == dict.fromkeys(
        ["no_image", "no_title", "punctuation_title", "title_too_long", "unclosed_quote",
         "wrong_column_count"], 1
    )  # fmt: skip
    assert sorted([*found.index["position"], *found.table("rejected")["position"]]) == list(
        range(1, 9)
    )


@pytest.mark.skipif(not REAL.exists(), reason="the real covers are not beside the project")
def test_the_real_covers_are_all_found(spark, tmp_path):
    found = run(spark, REAL / "classic-covers", tmp_path / "out")
    assert found.result.accepted == 50
    assert len(set(found.index["group"])) == 50
    assert found.index["category"].nunique() > 5
