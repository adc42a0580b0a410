"""Duplicates, placeholders, near-duplicates and their groups and splits."""

import io
import json
import random
import tarfile
from collections import defaultdict

import pytest
from PIL import Image

from dustjacket.covers.deduplicate import deduplicate_and_group
from dustjacket.covers.hashes import MAX_DHASH_DISTANCE, MAX_VHASH_DISTANCE
from dustjacket.covers.normalise import NORMALISED_SCHEMA
from dustjacket.sources.arrow import spark_schema
from dustjacket.splits import split_of
from tests.support.covers_run import run, write_table
from tests.support.images import drawn, saved


def normalised(spark, covers):
    """Return normalised rows of ``(book, dhash, vhash, sha256)``."""
    rows = [
        {
            "position": n, "key": f"{n:08d}", "book": book, "book_split": split_of(book),
            "dhash": f"{dhash:016x}", "vhash": f"{vhash:016x}", "sha256": sha256,
        }
        for n, (book, dhash, vhash, sha256) in enumerate(covers)
    ]  # fmt: skip
    return spark.createDataFrame(rows, spark_schema(NORMALISED_SCHEMA))


def flipped(value, bits, rng):
    for bit in rng.sample(range(64), bits):
        value ^= 1 << bit
    return value


def near(cover, other):
    _, dhash, vhash, _ = cover
    _, other_dhash, other_vhash, _ = other
    return (dhash ^ other_dhash).bit_count() <= MAX_DHASH_DISTANCE and (
        vhash ^ other_vhash
    ).bit_count() <= MAX_VHASH_DISTANCE


@pytest.mark.parametrize("seed", range(3))
def test_exactly_the_near_pairs_are_found(spark, seed):
    rng = random.Random(seed)
    covers = []
    for number in range(60):
        dhash, vhash = rng.getrandbits(64), rng.getrandbits(64)
        for copy in range(rng.randint(1, 4)):
            book = f"{number if rng.random() < 0.4 else 100 * number + copy:016x}"
            hashes = flipped(dhash, rng.randint(0, 5), rng), flipped(vhash, rng.randint(0, 8), rng)
            covers.append((book, *hashes, f"{number}-{copy if copy < 3 else 0}"))
    rng.shuffle(covers)
    deduplicated = deduplicate_and_group(normalised(spark, covers), 5, spark)
    rows = {row["position"]: row for row in deduplicated.rows.collect()}
    assert sorted(rows) == list(range(len(covers)))

    duplicates = {
        b
        for b in range(len(covers))
        for a in range(b)
        if covers[a][0] == covers[b][0] and near(covers[a], covers[b])
    }
    assert {n for n, row in rows.items() if row["reason"] == "duplicate"} == duplicates
    kept = [n for n in rows if n not in duplicates]
    group = {covers[n][0]: covers[n][0] for n in kept}
    for _ in range(len(kept)):
        for a in kept:
            for b in kept:
                if near(covers[a], covers[b]):
                    smallest = min(group[covers[a][0]], group[covers[b][0]])
                    group[covers[a][0]] = group[covers[b][0]] = smallest
        if all(
            group[covers[a][0]] == group[covers[b][0]]
            for a in kept
            for b in kept
            if near(covers[a], covers[b])
        ):
            break
    assert {n: rows[n]["group"] for n in kept} == {n: group[covers[n][0]] for n in kept}
    for n in kept:
        assert rows[n]["split"] == split_of(rows[n]["group"])
    for pair in deduplicated.pairs.collect():
        cover, other = covers[pair["position"]], covers[pair["other_position"]]
        assert near(cover, other)
        assert pair["other_position"] < pair["position"]
        assert pair["distance"] == (cover[1] ^ other[1]).bit_count()
        assert (pair["kind"] == "exact") == (cover[3] == other[3])
        assert (pair["decision"] == "rejected") == (cover[0] == other[0])
        assert (pair["decision"] == "rejected") == (pair["position"] in duplicates)
        assert pair["key"] == f"{pair['position']:08d}"
    assert {p["position"] for p in deduplicated.pairs.where("decision = 'rejected'").collect()} == (
        duplicates
    )


def test_n_covers_with_equal_hashes_make_n_minus_1_pairs(spark):
    covers = [(f"{n:016x}", 7, 7, str(n)) for n in range(3000)]
    deduplicated = deduplicate_and_group(normalised(spark, covers), 5, spark)
    assert deduplicated.pairs.count() == 2999
    assert deduplicated.rows.select("group", "split").distinct().count() == 1


def test_an_image_that_many_books_share_is_a_placeholder(spark):
    covers = [(f"{n:016x}", 5, 5, "tile") for n in range(5)] + [("f" * 16, 5, 5, "other")]
    covers += [(f"{n + 50:016x}", 1 << 50, 5, "series") for n in range(4)]
    deduplicated = deduplicate_and_group(normalised(spark, covers), 5, spark)
    rows = deduplicated.rows.orderBy("position").collect()
    assert [row["reason"] for row in rows] == ["placeholder"] * 5 + [None] * 5
    assert len({row["group"] for row in rows[6:]}) == 1


def covers_of(folder, entries):
    """Write images and a table of (title, author, image bytes); return the folder."""
    folder.mkdir()
    for number, (_, _, body) in enumerate(entries):
        (folder / f"{number}.jpg").write_bytes(body)
    rows = [(title, author, f"{n}.jpg") for n, (title, author, _) in enumerate(entries)]
    write_table(folder / "t.csv", rows, ("title", "author", "image"))
    return folder


def smaller(image):
    return image.resize((round(image.width * 0.8), round(image.height * 0.8)))


def test_duplicates_of_real_images_are_rejected_or_grouped_and_recorded(spark, tmp_path):
    whole = drawn(1)
    entries = [
        ("Emma", "Jane Austen", saved(whole)),
        ("EMMA!", "Jane Austen", saved(whole)),  # the same image
        ("Emma", "Jane Austen", saved(smaller(whole), quality=60)),
        ("Emma", "Jane Austen", saved(drawn(2))),  # another edition
        ("Ivanhoe", "Walter Scott", saved(whole, quality=70)),  # another book with the same image
        ("Dracula", "Bram Stoker", saved(drawn(3))),
    ]
    found = run(spark, covers_of(tmp_path / "set", entries), tmp_path / "out")
    assert list(found.index["position"]) == [1, 4, 5, 6]
    assert found.reasons() == {"EMMA!": "duplicate", "Emma": "duplicate"}
    groups = list(found.index["group"])
    assert groups[0] == groups[1] == groups[2] != groups[3]
    pairs = found.table("duplicates")
    assert [
        (row["other_position"], row["position"], row["kind"], row["decision"])
        for _, row in pairs.iterrows()
    ] == [
        (1, 2, "exact", "rejected"),
        (1, 3, "perceptual", "rejected"),
        (1, 5, "perceptual", "joined"),
    ]


@pytest.mark.parametrize("image_format", ["jpeg", "webp"])
def test_the_index_has_the_byte_range_of_each_cover_in_its_shard(spark, tmp_path, image_format):
    entries = [(f"Title {n}", f"Author {n}", saved(drawn(n))) for n in range(25)]
    source = covers_of(tmp_path / "set", entries)
    parameters = {"covers_per_shard": 10, "image_format": image_format}
    found = run(spark, source, tmp_path / "out", **parameters)
    ending = {"jpeg": "jpg"}.get(image_format, image_format)
    by_shard = defaultdict(list)
    for _, row in found.index.iterrows():
        body = found.image(row)
        image = Image.open(io.BytesIO(body))
        assert image.format == image_format.upper()
        assert image.size == (row["width"], row["height"])
        assert row["original_bytes"] == len(entries[row["position"] - 1][2])
        with tarfile.open(tmp_path / "out" / row["shard"]) as tar:
            assert tar.extractfile(f"{row['key']}.{ending}").read() == body
            sidecar = json.load(tar.extractfile(f"{row['key']}.json"))
        assert sidecar["title"] == row["title"]
        assert sidecar["sha256"] == row["sha256"]
        assert sidecar["position"] == row["position"]
        by_shard[row["shard"]].append(row["key"])
    assert [len(keys) for keys in by_shard.values()] == [9, 10, 6]
    again = run(spark, source, tmp_path / "again", **parameters)
    assert again.shards() == found.shards()
    assert again.index.equals(found.index)
    assert again.result == found.result
