"""Covers are found in tables of any format and in image names, and only below the source."""

import pytest

from dustjacket.errors import BadInputError
from tests.conftest import ROOT
from tests.support.covers_run import run, write_table
from tests.support.epub import epub, opf
from tests.support.images import drawn, saved

REAL = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="module")
def bodies():
    return [saved(drawn(seed)) for seed in range(4)]


def put(folder, names, bodies):
    for name, body in zip(names, bodies, strict=False):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)


def test_image_paths_may_lack_or_add_folders(tmp_path, bodies):
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
    covers = run(None, source, tmp_path / "out")
    assert set(covers.index["title"]) == {"Prefixed", "Beside", "Own folder"}
    assert covers.reasons() == {
        "Two of that end": "missing_image",
        "None of that end": "missing_image",
    }
    assert covers.result.accepted + covers.result.rejected == 5
    assert len(set(covers.index["position"])) == 3


def test_paths_that_leave_the_source_are_rejected_and_never_read(tmp_path, bodies):
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
    covers = run(None, source, tmp_path / "out")
    assert set(covers.index["title"]) == {"Whole", "Odd folder"}
    assert covers.reasons() == {
        "Above": "unsafe_path", "Above within": "unsafe_path", "Absolute": "unsafe_path",
        "Windows": "unsafe_path", "Scheme": "bad_scheme", "Linked": "missing_image",
    }  # fmt: skip


def test_images_named_title_author_need_no_table(tmp_path, bodies):
    names = [
        "Art/War - Peace - Ann Lee.jpg",
        "Emma - Jane Austen.png",
        "Beowulf.jpg",
        "... - X.jpg",
    ]
    put(tmp_path / "set", names, bodies)
    covers = run(None, tmp_path / "set", tmp_path / "out")
    books = {row["title"]: (row["author"], row["category"]) for _, row in covers.index.iterrows()}
    assert books == {
        "War - Peace": ("Ann Lee", "Art"),
        "Emma": ("Jane Austen", None),
        "Beowulf": (None, None),
    }
    assert list(covers.reasons().values()) == ["punctuation_title"]


def test_the_error_of_a_missing_column_lists_the_columns(tmp_path):
    table = write_table(tmp_path / "t.csv", [("A", "B", "c.jpg")])
    with pytest.raises(
        BadInputError, match=r"no column 'nme', but 3 columns \(title, author, image_url\)"
    ):
        run(None, table, tmp_path / "out", title_column="nme")


def test_the_error_of_a_source_without_covers_has_the_cure(tmp_path):
    write_table(tmp_path / "t.csv", [("A", "B")], ("title", "price"))
    with pytest.raises(
        BadInputError, match=r"no image column.*2 columns \(title, price\).*give a table with"
    ):
        run(None, tmp_path, tmp_path / "out")


def test_an_invalid_row_is_rejected_alone(tmp_path, bodies):
    put(tmp_path / "set", ["1.jpg", "2.jpg"], bodies)
    rows = ["title,author,image", "One,A,1.jpg", 'Two,"A,2.jpg', "", ",A,2.jpg", "---,A,2.jpg"]
    rows += [f"{'long ' * 300},A,2.jpg", "Three,A,", "Four,A,2.jpg", "x,y"]
    (tmp_path / "set" / "t.csv").write_text("\n".join(rows))
    covers = run(None, tmp_path / "set", tmp_path / "out")
    assert set(covers.index["title"]) == {"One", "Four"}
    assert covers.result.by_reason == dict.fromkeys(
        ["no_image", "no_title", "punctuation_title", "title_too_long", "unclosed_quote",
         "wrong_column_count"], 1
    )  # fmt: skip
    assert sorted([*covers.index["position"], *covers.table("rejected")["position"]]) == list(
        range(1, 9)
    )


@pytest.mark.skipif(not REAL.exists(), reason="the real covers are not beside the project")
def test_the_real_covers_are_all_found(tmp_path):
    covers = run(None, REAL / "classic-covers", tmp_path / "out")
    assert covers.result.accepted == 50
    assert len(set(covers.index["group"])) == 50
    assert covers.index["category"].nunique() > 5


def test_an_epub_is_a_cover_with_its_book_and_a_broken_one_costs_itself(tmp_path, bodies):
    source = tmp_path / "epubs"
    source.mkdir()
    item = '<item id="c" href="c.jpg" media-type="image/jpeg" properties="cover-image"/>'
    for number, body in enumerate(bodies[:3]):
        title = f"<dc:title>Book {number}</dc:title><dc:creator>Ada Stern</dc:creator>"
        file = epub(opf(title + "<dc:subject>Fantasy</dc:subject>", item), **{"OEBPS__c.jpg": body})
        (source / f"{number}.epub").write_bytes(file)
    (source / "3.epub").write_bytes(epub(opf("<dc:title>Book 3</dc:title>", item)))
    (source / "4.epub").write_bytes(epub(opf("x", item))[:-80])
    covers = run(None, source, tmp_path / "out")
    index = covers.index
    assert list(index["title"]) == ["Book 0", "Book 1", "Book 2"]
    assert set(index["author"]) == {"Ada Stern"}
    assert set(index["category"]) == {"Fantasy"}
    assert sorted(covers.reasons().values()) == ["no_image", "unreadable_epub"]
