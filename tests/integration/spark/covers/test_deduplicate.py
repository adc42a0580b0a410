"""What all covers together show: copies, placeholders, look-alikes, and one side of the split."""

import io
import json
import random
import tarfile
from collections import defaultdict

import pytest
from PIL import Image

from dustjacket.covers.deduplicate import MAX_DISTANCE, settle
from dustjacket.covers.normalise import PACKED
from dustjacket.splits import split_of
from tests.support.covers_run import run, write_table
from tests.support.images import drawn, saved


def made(spark, covers):
    """Return packed rows of ``(book, look, turned look, picture)``."""
    rows = [
        {
            "position": n, "key": f"{n:08d}", "book": book, "book_split": split_of(book),
            "dhash": f"{look:016x}", "vhash": f"{turned:016x}", "sha256": picture,
        }
        for n, (book, look, turned, picture) in enumerate(covers)
    ]  # fmt: skip
    return spark.createDataFrame(rows, PACKED)


def flipped(value, bits, rng):
    for bit in rng.sample(range(64), bits):
        value ^= 1 << bit
    return value


def near(one, other):
    return (one[1] ^ other[1]).bit_count() <= MAX_DISTANCE and (one[2] ^ other[2]).bit_count() <= 6


@pytest.mark.parametrize("seed", range(3))
def test_every_near_pair_is_found_and_no_other(spark, seed):
    rng = random.Random(seed)
    covers = []
    for number in range(60):
        look, turned = rng.getrandbits(64), rng.getrandbits(64)
        for copy in range(rng.randint(1, 4)):
            book = f"{number if rng.random() < 0.4 else 100 * number + copy:016x}"
            apart = flipped(look, rng.randint(0, 5), rng), flipped(turned, rng.randint(0, 8), rng)
            covers.append((book, *apart, f"{number}-{copy if copy < 3 else 0}"))
    rng.shuffle(covers)
    settled = settle(made(spark, covers), 5, spark)
    rows = {row["position"]: row for row in settled.rows.collect()}
    assert sorted(rows) == list(range(len(covers)))

    copies = {
        b
        for b in range(len(covers))
        for a in range(b)
        if covers[a][0] == covers[b][0] and near(covers[a], covers[b])
    }
    assert {n for n, row in rows.items() if row["reason"] == "duplicate"} == copies
    kept = [n for n in rows if n not in copies]
    group = {covers[n][0]: covers[n][0] for n in kept}
    for _ in range(len(kept)):
        for a in kept:
            for b in kept:
                if near(covers[a], covers[b]):
                    least = min(group[covers[a][0]], group[covers[b][0]])
                    group[covers[a][0]] = group[covers[b][0]] = least
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
    for pair in settled.duplicates.collect():
        one, other = covers[pair["position"]], covers[pair["other_position"]]
        assert near(one, other)
        assert pair["other_position"] < pair["position"]
        assert pair["distance"] == (one[1] ^ other[1]).bit_count()
        assert (pair["kind"] == "exact") == (one[3] == other[3])
        assert (pair["decision"] == "rejected") == (one[0] == other[0])
        assert (pair["decision"] == "rejected") == (pair["position"] in copies)
        assert pair["key"] == f"{pair['position']:08d}"
    assert {p["position"] for p in settled.duplicates.where("decision = 'rejected'").collect()} == (
        copies
    )


def test_any_number_of_covers_of_one_look_cost_a_pair_each(spark):
    covers = [(f"{n:016x}", 7, 7, str(n)) for n in range(3000)]
    settled = settle(made(spark, covers), 5, spark)
    assert settled.duplicates.count() == 2999
    assert settled.rows.select("group", "split").distinct().count() == 1


def test_a_picture_that_many_books_share_is_a_placeholder(spark):
    covers = [(f"{n:016x}", 5, 5, "tile") for n in range(5)] + [("f" * 16, 5, 5, "other")]
    covers += [(f"{n + 50:016x}", 1 << 50, 5, "series") for n in range(4)]
    settled = settle(made(spark, covers), 5, spark).rows.orderBy("position").collect()
    assert [row["reason"] for row in settled] == ["placeholder"] * 5 + [None] * 5
    assert len({row["group"] for row in settled[6:]}) == 1


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


def test_copies_and_look_alikes_of_real_images_are_settled_and_recorded(spark, tmp_path):
    whole = drawn(1)
    entries = [
        ("Emma", "Jane Austen", saved(whole)),
        ("EMMA!", "Jane Austen", saved(whole)),  # the same picture
        ("Emma", "Jane Austen", saved(smaller(whole), quality=60)),
        ("Emma", "Jane Austen", saved(drawn(2))),  # another edition
        ("Ivanhoe", "Walter Scott", saved(whole, quality=70)),  # a series' picture
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
def test_the_index_says_where_in_its_shard_each_cover_is(spark, tmp_path, image_format):
    entries = [(f"Title {n}", f"Author {n}", saved(drawn(n))) for n in range(25)]
    source = covers_of(tmp_path / "set", entries)
    given = {"covers_per_shard": 10, "image_format": image_format}
    found = run(spark, source, tmp_path / "out", **given)
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
            about = json.load(tar.extractfile(f"{row['key']}.json"))
        assert about["title"] == row["title"]
        assert about["sha256"] == row["sha256"]
        assert about["position"] == row["position"]
        by_shard[row["shard"]].append(row["key"])
    assert [len(keys) for keys in by_shard.values()] == [9, 10, 6]
    again = run(spark, source, tmp_path / "again", **given)
    assert again.shards() == found.shards()
    assert again.index.equals(found.index)
    assert again.result == found.result
