"""Covers are found in tables of any format and in image names, and only below the source."""

import io
import json
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from dustjacket.catalog.step import INGEST_CATALOG
from dustjacket.covers.find import find_covers
from dustjacket.covers.packs import Packs
from dustjacket.covers.s3_prefix import S3Prefix
from dustjacket.covers.source import stage_covers
from dustjacket.covers.step import INGEST_COVERS, CoversParameters
from dustjacket.errors import BadInputError
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.plan import plan_step
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.records.options import RecordOptions
from dustjacket.records.record import CANONICAL, record_of
from dustjacket.settings import Settings
from dustjacket.splits import strict_key
from dustjacket.storage.store import Store
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
    put(source, ["a.jpg", "..hidden/b.jpg", "kept.jpg"], bodies[1:])
    (source / "link.jpg").symlink_to(secret)
    (source / "inside.jpg").symlink_to(source / "kept.jpg")
    (source / "dangling.jpg").symlink_to(source / "nothing.jpg")
    paths = {
        "Link inside": "inside.jpg",
        "Dangling": "dangling.jpg",
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
    assert set(covers.index["title"]) == {"Whole", "Odd folder", "Link inside"}
    assert covers.reasons() == {
        "Above": "unsafe_path", "Above within": "unsafe_path", "Absolute": "unsafe_path",
        "Windows": "unsafe_path", "Scheme": "bad_scheme", "Linked": "missing_image",
        "Dangling": "missing_image",
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


def test_a_table_alone_finds_the_images_beside_it_and_no_other_table(tmp_path, bodies):
    source, secret = tmp_path / "set", tmp_path / "secret.jpg"
    secret.write_bytes(bodies[3])
    put(source, ["img/1.jpg", f"{ISBNS[0]}.jpg", "not named.jpg"], bodies)
    (source / "link.jpg").symlink_to(secret)
    rows = [("One", "", "img\\1.jpg"), ("Two", ISBNS[0], ""), ("Above", "", "../secret.jpg"),
            ("Linked", "", "link.jpg"), ("None", "", "2.jpg")]  # fmt: skip
    table = write_table(source / "t.csv", rows, ("title", "isbn", "image"))
    write_table(source / "other.csv", [("Other", "img/1.jpg")], ("title", "image"))
    covers = run(None, table, tmp_path / "out")
    assert set(covers.index["title"]) == {"One", "Two"}
    assert covers.reasons() == {
        "Above": "unsafe_path", "Linked": "missing_image", "None": "missing_image"
    }  # fmt: skip


def test_the_images_beside_a_table_alone_count_in_its_digest(tmp_path, bodies):
    store = Store(Settings(_env_file=None, home=tmp_path / "home", source_roots=str(tmp_path)))
    put(tmp_path / "set", ["1.jpg", "notes.doc"], bodies)
    table = str(write_table(tmp_path / "set" / "t.csv", [("One", "1.jpg")], ("title", "image")))
    before = INGEST_COVERS.fingerprint(table, store)
    put(tmp_path / "set", ["notes.doc"], bodies[1:])
    assert INGEST_COVERS.fingerprint(table, store) == before
    assert INGEST_CATALOG.fingerprint(table, store) != before
    put(tmp_path / "set", ["2.jpg"], bodies[1:])
    assert INGEST_COVERS.fingerprint(table, store) != before


def test_the_folder_of_a_table_of_addresses_is_not_walked(tmp_path, bodies):
    store = Store(Settings(_env_file=None, home=tmp_path / "home", source_roots=str(tmp_path)))
    rows = [("One", "https://example.org/1.jpg"), ("Two", "http://example.org/2.jpg")]
    table = str(write_table(tmp_path / "t.csv", rows, ("title", "image")))
    before = INGEST_COVERS.fingerprint(table, store)
    put(tmp_path, ["1.jpg"], bodies)
    assert INGEST_COVERS.fingerprint(table, store) == before


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


ISBNS = "9780141439587", "9780553213119"


def test_images_named_by_isbn_are_joined_with_a_table_beside_them(tmp_path, bodies):
    names = [f"{ISBNS[0]}_FC.jpg", f"{ISBNS[0]}_BC.jpg", "covers/978-0-553-21311-9.jpg", "x.jpg"]
    put(tmp_path / "set", names, bodies)
    rows = [("Emma", "Jane Austen", "0-14-143958-0"), ("Moby-Dick", "Herman Melville", ISBNS[1]),
            ("Dune", "Frank Herbert", "9780441172719"), ("No ISBN", "A", "")]  # fmt: skip
    write_table(tmp_path / "set" / "list.csv", rows, ("Title", "Author", "ISBN"))
    covers = run(None, tmp_path / "set", tmp_path / "out")
    assert dict(zip(covers.index["image"], covers.index["isbn13"], strict=True)) == {
        names[0]: ISBNS[0], names[2]: ISBNS[1]
    }  # fmt: skip
    assert covers.reasons() == {"Dune": "missing_image", "No ISBN": "no_image"}


def test_a_table_that_is_not_understood_is_named_and_ends_the_run_if_it_is_the_only_one(
    tmp_path, bodies
):
    put(tmp_path / "set", ["Emma - Jane Austen.jpg", "Dune - F H.jpg"], bodies)
    write_table(tmp_path / "set" / "prices.csv", [("9", "4.50")], ("code", "price"))
    with pytest.raises(BadInputError, match=r"'prices.csv' has no title column.*\(code, price\)"):
        run(None, tmp_path / "set", tmp_path / "out")
    write_table(
        tmp_path / "set" / "t.csv", [("Emma", "Emma - Jane Austen.jpg")], ("title", "image")
    )
    covers = run(None, tmp_path / "set", tmp_path / "out")
    assert "no title column" in covers.result.passed_over["prices.csv"]
    assert covers.result.columns == {"t.csv": {"title": "title", "image": "image"}}
    assert "'prices.csv' is not used" in "".join(covers.messages)


def test_notes_beside_images_are_named_and_names_of_images_are_counted(tmp_path, bodies):
    put(tmp_path / "set", ["Emma - Jane Austen.jpg", "Dune - F H.jpg"], bodies)
    (tmp_path / "set" / "notes.txt").write_text(
        "covers, mostly\nscanned by hand, in May, and June\n"
    )
    (tmp_path / "set" / "README.md").write_text("# covers")
    (tmp_path / "set" / "empty.csv").write_text("")
    covers = run(None, tmp_path / "set", tmp_path / "out")
    assert covers.result.by_name == 2
    assert set(covers.result.passed_over) == {"notes.txt", "README.md", "empty.csv"}


def test_images_without_a_known_ending_are_found_by_their_content(tmp_path, bodies):
    put(tmp_path / "set", ["Emma - Jane Austen", "Dune - F H.jpeg2", "a.dat", "b.xyz"], bodies)
    rows = [("One", "a.dat"), ("Two", "b.xyz"), ("Three", "notes.doc"), ("Four", "none.jpg")]
    (tmp_path / "set" / "notes.doc").write_bytes(b"\xd0\xcf\x11\xe0 a document")
    write_table(tmp_path / "set" / "t.csv", rows, ("title", "image"))
    covers = run(None, tmp_path / "set", tmp_path / "out")
    assert set(covers.index["title"]) == {"One", "Two"}
    assert covers.reasons() == {"Three": "not_an_image", "Four": "missing_image"}


def test_a_listing_and_a_table_of_covers_give_the_same_books(tmp_path, bodies):
    put(tmp_path / "set", ["0.jpg", "1.jpg", "2.jpg", "3.jpg"], bodies)
    rows = [("Emma &amp; Co", "Austen, Jane", "Fiction", "0.jpg"),
            ("Emma & Co.", "Jane Austen", "Fiction", "1.jpg"),
            ("Caf\u00c3\u00a9 Europa", "Ann\u200b Lee", "Travel", "2.jpg"),
            ("Caf\u00e9 Europa", "Lee, Ann", "Travel", "3.jpg")]  # fmt: skip
    write_table(tmp_path / "set" / "t.csv", rows, ("title", "author", "genre", "image"))
    index = run(None, tmp_path / "set", tmp_path / "out").index
    european = ["Caf\u00e9 Europa"] * 2
    assert index["title"].tolist() == ["Emma & Co", "Emma & Co.", *european]
    assert index["group"].nunique() == 2
    assert index["author"][2] == "Ann Lee"
    options = RecordOptions()
    for number, (title, author, genre, _) in enumerate(rows):
        listed = record_of({"title": title, "author": author, "genre": genre}, CANONICAL, options)
        assert (listed.title, listed.author) == (index["title"][number], index["author"][number])
        assert listed.genre == index["category"][number]


def test_shards_are_read_by_webdataset_as_they_are(tmp_path, bodies):
    webdataset = pytest.importorskip("webdataset")
    put(tmp_path / "set", ["Emma - Jane Austen.jpg", "Beowulf.png"], bodies)
    covers = run(None, tmp_path / "set", tmp_path / "out")
    (shard,) = covers.shards()
    path = str(tmp_path / "out" / "shards" / shard)
    samples = list(
        webdataset.WebDataset(path, shardshuffle=False).decode("pil").to_tuple("jpg", "txt", "json")
    )
    assert [text for _, text, _ in samples] == ["Beowulf", "Emma by Jane Austen"]
    assert [described["title"] for *_, described in samples] == ["Beowulf", "Emma"]
    assert all(min(image.size) <= 256 for image, *_ in samples)


ONIX = (
    '<ONIXMessage xmlns="http://ns.editeur.org/onix/3.0/reference" release="3.0">{}</ONIXMessage>'
)
PRODUCT = """<Product><RecordReference>{reference}</RecordReference>
<NotificationType>{notification}</NotificationType>
<ProductIdentifier><ProductIDType>15</ProductIDType><IDValue>{isbn}</IDValue></ProductIdentifier>
<DescriptiveDetail><TitleDetail><TitleType>01</TitleType><TitleElement>
<TitleElementLevel>01</TitleElementLevel><TitleText>{title}</TitleText></TitleElement></TitleDetail>
</DescriptiveDetail><CollateralDetail>{image}</CollateralDetail></Product>"""
RESOURCE = """<SupportingResource><ResourceContentType>01</ResourceContentType>
<ContentAudience>00</ContentAudience><ResourceMode>03</ResourceMode><ResourceVersion>
<ResourceForm>02</ResourceForm><ResourceLink>{}</ResourceLink></ResourceVersion>
</SupportingResource>"""


def product(reference, title, isbn, image="", notification="03"):
    resource = RESOURCE.format(image) if image else ""
    return PRODUCT.format(
        reference=reference, title=title, isbn=isbn, image=resource, notification=notification
    )


def test_an_onix_feed_names_covers_by_link_or_isbn_and_its_last_record_counts(tmp_path, bodies):
    put(tmp_path / "set", [f"{ISBNS[0]}.jpg", "img/2.jpg", "img/3.jpg"], bodies)
    products = [
        product("r1", "Emma", ISBNS[0]),
        product("r2", "Moby-Dick", ISBNS[1], "img/2.jpg"),
        product("r3", "Gone", "9780441172719", "img/3.jpg"),
        product("r2", "Moby-Dick, or The Whale", ISBNS[1], "img/3.jpg"),
        product("r3", "Gone", "9780441172719", notification="05"),
    ]
    (tmp_path / "set" / "feed.xml").write_text(ONIX.format("".join(products)))
    covers = run(None, tmp_path / "set", tmp_path / "out")
    assert dict(zip(covers.index["title"], covers.index["image"], strict=True)) == {
        "Emma": f"{ISBNS[0]}.jpg", "Moby-Dick, or The Whale": "img/3.jpg"
    }  # fmt: skip
    assert covers.result.by_reason == {"delete_notice": 1, "deleted": 1, "replaced": 1}


def test_records_beside_a_table_whose_covers_are_elsewhere_are_passed_over(tmp_path, bodies):
    source = tmp_path / "set"
    put(source, ["covers/1.jpg", "covers/2.jpg"], bodies)
    rows = [("One", "A", "covers/1.jpg"), ("Two", "B", "covers/2.jpg")]
    write_table(source / "all.csv", rows, ("title", "author", "cover"))
    (source / "opf").mkdir()
    for title in ("One", "Two", "Three"):
        (source / "opf" / f"{title}.opf").write_bytes(
            opf(
                f"<dc:title>{title}</dc:title>",
                '<item id="c" href="c.jpg" properties="cover-image"/>',
            )
        )
    covers = run(None, source, tmp_path / "out")
    assert list(covers.index["title"]) == ["One", "Two"]
    assert covers.reasons() == {}
    assert covers.result.passed_over == {
        f"opf/{title}.opf": "none of its covers is in the source"
        for title in ("One", "Two", "Three")
    }


def catalog_of(folder, rows):
    columns = ("title", "author", "genre", "isbn", "tdm_reservation")
    return str(write_table(folder / "books.csv", rows, columns))


def test_images_named_by_isbn_take_their_books_from_a_catalogue(tmp_path, bodies):
    names = [f"{ISBNS[0]}_FC.jpg", f"{ISBNS[0]}_BC.jpg", "covers/978-0-553-21311-9.jpg",
             "Dune - Frank Herbert.jpg"]  # fmt: skip
    put(tmp_path / "set", names, bodies)
    listing = catalog_of(tmp_path, [("Emma", "Jane Austen", "Romance", "0-14-143958-0", "1")])
    covers = run(None, tmp_path / "set", tmp_path / "out", roots=(listing,), catalog=listing)
    found = covers.index.set_index("title")
    assert found.loc["Emma", ["author", "isbn13", "category", "image"]].tolist() == [
        "Jane Austen", ISBNS[0], "Romance", names[0]
    ]  # fmt: skip
    assert found["training"].to_dict() == {"Emma": False, "Dune": True}
    rejected = covers.table("rejected")
    assert dict(zip(rejected["image"], rejected["reason"], strict=True)) == {
        names[1]: "not_the_front_cover", names[2]: "isbn_not_in_catalog"
    }  # fmt: skip


def test_a_catalogue_without_isbns_is_refused_with_the_cure(tmp_path, bodies):
    put(tmp_path / "set", [f"{ISBNS[0]}.jpg"], bodies)
    listing = str(write_table(tmp_path / "books.csv", [("Emma", "R")], ("title", "genre")))
    with pytest.raises(BadInputError, match=r"no column of ISBNs.*name another with catalog"):
        run(None, tmp_path / "set", tmp_path / "out", roots=(listing,), catalog=listing)


def test_the_newest_catalogue_is_read_only_for_images_that_are_named_by_isbn(tmp_path, bodies):
    store = Store(Settings(_env_file=None, home=tmp_path / "home", folder=tmp_path / "store",
                           source_roots=str(tmp_path)))  # fmt: skip
    store.ensure_bucket()
    put(tmp_path / "by isbn", [f"{isbn}.jpg" for isbn in ISBNS], bodies)
    put(tmp_path / "by title", ["Emma - Jane Austen.jpg", "Dune - F H.jpg"], bodies)
    rows = [("Emma", "Jane Austen", "Romance", ISBNS[0], "1"),
            ("Moby-Dick", "Herman Melville", "Sea", ISBNS[1], "")]  # fmt: skip

    def ingest(step, source, **parameters):
        given = {"source": str(source), **parameters}
        plan = plan_step(step, store, TeamDefaults(), datetime.now(UTC), given)
        job = Job.of(plan, store)
        step.load_function()(job, None)
        return store.manifest(job.draft.kind, job.draft.version)

    with pytest.raises(BadInputError, match=r"named by ISBN.*name a listing.*with catalog"):
        ingest(INGEST_COVERS, tmp_path / "by isbn")
    catalog = ingest(INGEST_CATALOG, catalog_of(tmp_path, rows), min_rows_per_genre=1)
    covers = ingest(INGEST_COVERS, tmp_path / "by isbn")
    assert covers.parents == {"catalog": catalog.version}
    (index,) = [entry.path for entry in covers.files if entry.path.startswith("index/")]
    found = pq.read_table(io.BytesIO(store.read(covers, index)))
    assert found.select(["title", "author", "category", "training"]).to_pylist() == [
        {"title": "Emma", "author": "Jane Austen", "category": "Romance", "training": False},
        {"title": "Moby-Dick", "author": "Herman Melville", "category": "Sea", "training": True},
    ]
    assert ingest(INGEST_COVERS, tmp_path / "by title").parents == {}


def test_an_update_of_a_part_keeps_the_rest_of_a_record(tmp_path, bodies):
    put(tmp_path / "set", ["1.jpg", "2.jpg"], bodies)
    update = (
        "<Product><RecordReference>{}</RecordReference><NotificationType>04</NotificationType>"
        "<ProductIdentifier><ProductIDType>15</ProductIDType><IDValue>{}</IDValue>"
        f"</ProductIdentifier><CollateralDetail>{RESOURCE.format('2.jpg')}</CollateralDetail>"
        "</Product>"
    )
    first = product("r1", "Emma", ISBNS[0], "1.jpg")
    later = update.format("r1", ISBNS[0]) + update.format("r9", ISBNS[1])
    for name, products in (("b.xml", first), ("a.xml", later)):
        day = "20240101" if name == "b.xml" else "20240102"
        sent = f"<Header><SentDateTime>{day}</SentDateTime></Header>"
        (tmp_path / "set" / name).write_text(ONIX.format(sent + products))
    covers = run(None, tmp_path / "set", tmp_path / "out")
    assert covers.index[["title", "image"]].to_numpy().tolist() == [["Emma", "2.jpg"]]
    assert covers.result.by_reason == {"replaced": 1, "update_without_record": 1}


def test_an_image_that_was_listed_and_cannot_be_read_costs_itself(tmp_path, bodies, monkeypatch):
    put(tmp_path / "set", ["Emma - Jane Austen.jpg", "Dune - Frank Herbert.jpg"], bodies)
    read = S3Prefix.read

    def refusing(self, path, offset=0, size=None):
        if "Dune" in path:
            raise PermissionError(13, "Permission denied", path)
        return read(self, path, offset, size)

    monkeypatch.setattr(S3Prefix, "read", refusing)
    covers = run(None, tmp_path / "set", tmp_path / "out")
    assert list(covers.index["title"]) == ["Emma"]
    assert covers.reasons() == {"Dune": "unreadable_image"}


@pytest.mark.parametrize(
    ("rights", "training"),
    [
        ({}, [False, True, True]),
        ({"rights_holder": "own"}, [True, True, True]),
        ({"ignore_reservation_reason": "licence 12/2024"}, [True, True, True]),
    ],
)
def test_a_cover_whose_rights_are_reserved_is_kept_and_trains_no_model(
    tmp_path, bodies, rights, training
):
    put(tmp_path / "set", ["1.jpg", "2.jpg", "3.jpg"], bodies)
    rows = [("One", "1.jpg", "1"), ("Two", "2.jpg", "0"), ("Three", "3.jpg", "")]
    write_table(tmp_path / "set" / "t.csv", rows, ("title", "image", "tdm-reservation"))
    covers = run(None, tmp_path / "set", tmp_path / "out", **rights)
    assert covers.index["training"].tolist() == training
    assert covers.result.facts().reserved == training.count(False)


def test_covers_of_a_dump_have_the_authors_that_another_file_names(tmp_path):
    """Two books of one title are told apart by them, and have the keys of the catalogue."""

    def dump(kind, **objects):
        return "".join(
            f"/type/{kind}\t{key}\t1\t2009-12-11T01:57:19\t{json.dumps(body)}\n"
            for key, body in objects.items()
        )

    source = tmp_path / "dumps"
    source.mkdir()
    editions = {
        f"/books/OL{n}M": {
            "title": "Poems",
            "covers": [n],
            "authors": [{"key": f"/authors/OL{n}A"}],
        }
        for n in (1, 2, 3)
    }
    names = {"/authors/OL1A": {"name": "Ann Lee"}, "/authors/OL2A": {"name": "Bob Kay"}}
    (source / "ol_dump_editions.txt").write_text(dump("edition", **editions))
    (source / "ol_dump_authors.txt").write_text(dump("author", **names))
    home, folder = tmp_path / "home", tmp_path / "store"
    home.mkdir()
    settings = Settings(_env_file=None, home=home, folder=folder, source_roots=str(source))
    store = Store(settings)
    with Packs(S3Prefix.of_store(store, "scratch/")) as packs:
        covers = find_covers(
            stage_covers(str(source), store), CoversParameters(source=str(source)), packs
        )
    found, passed_over = covers.rows.to_pylist(), covers.passed_over
    assert [row["author"] for row in found] == ["Ann Lee", "Bob Kay", None]
    assert [row["strict"] for row in found[:2]] == [
        strict_key("Poems", name) for name in ("Lee, Ann", "Bob Kay")
    ]
    assert passed_over == {"ol_dump_authors.txt": "names of authors, which books take by key"}
