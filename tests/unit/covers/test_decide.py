"""Duplicates, placeholders, near-duplicates and their groups and splits."""

import io
import itertools
import json
import random
import tarfile
import time
from collections import defaultdict

import pyarrow as pa
import pytest
from PIL import Image, ImageDraw, ImageFont

from dustjacket.covers.decide import COVERS, decide
from dustjacket.covers.hashes import MAX_DHASH_DISTANCE, MAX_VHASH_DISTANCE
from dustjacket.splits import split_of, strict_key
from tests.support.covers_run import run, write_table
from tests.support.images import drawn, saved


def decided(covers, placeholder_books=5, picture=lambda _: Image.new("L", (256, 384))):
    """Return the decisions on covers ``(book, dhash, vhash, sha256)``."""
    keys = {book: strict_key(book, "Jane Austen") for book, *_ in covers}
    rows = [
        {
            "position": n, "key": f"{n:08d}", "strict": keys[book], "coarse": keys[book],
            "dhash": f"{dhash:016x}", "vhash": f"{vhash:016x}", "sha256": sha256, "width": 256,
        }
        for n, (book, dhash, vhash, sha256) in enumerate(covers)
    ]  # fmt: skip
    return decide(pa.Table.from_pylist(rows, COVERS), placeholder_books, picture)


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
def test_exactly_the_near_pairs_are_found(seed):
    rng = random.Random(seed)
    covers = []
    for number in range(60):
        dhash, vhash = rng.getrandbits(64), rng.getrandbits(64)
        for copy in range(rng.randint(1, 4)):
            book = f"{number if rng.random() < 0.4 else 100 * number + copy:016x}"
            hashes = flipped(dhash, rng.randint(0, 5), rng), flipped(vhash, rng.randint(0, 8), rng)
            covers.append((book, *hashes, f"{number}-{copy if copy < 3 else 0}"))
    rng.shuffle(covers)
    decisions = decided(covers, placeholder_books=1000)
    rows = {row["position"]: row for row in decisions.covers.to_pylist()}
    assert sorted(rows) == list(range(len(covers)))

    duplicates = {
        b
        for b in range(len(covers))
        for a in range(b)
        if covers[a][0] == covers[b][0] and near(covers[a], covers[b])
    }
    assert {n for n, row in rows.items() if row["reason"] == "duplicate"} == duplicates
    kept = [n for n in rows if n not in duplicates]
    label = {covers[n][0]: covers[n][0] for n in kept}
    changed = True
    while changed:
        changed = False
        for a, b in itertools.combinations(kept, 2):
            one, other = label[covers[a][0]], label[covers[b][0]]
            if one != other and near(covers[a], covers[b]):
                label = {book: one if old == other else old for book, old in label.items()}
                changed = True
    for a, b in itertools.combinations(kept, 2):
        together = rows[a]["group"] == rows[b]["group"]
        assert together == (label[covers[a][0]] == label[covers[b][0]])
    for n in kept:
        assert rows[n]["split"] == split_of(rows[n]["group"])
    for pair in decisions.pairs.to_pylist():
        cover, other = covers[pair["position"]], covers[pair["other_position"]]
        assert near(cover, other)
        assert pair["other_position"] < pair["position"]
        assert pair["distance"] == (cover[1] ^ other[1]).bit_count()
        assert (pair["kind"] == "exact") == (cover[3] == other[3])
        assert (pair["decision"] == "rejected") == (cover[0] == other[0])
        assert (pair["decision"] == "rejected") == (pair["position"] in duplicates)
        assert pair["key"] == f"{pair['position']:08d}"
    rejected = [p for p in decisions.pairs.to_pylist() if p["decision"] == "rejected"]
    assert {pair["position"] for pair in rejected} == duplicates


def test_n_covers_with_equal_hashes_make_n_minus_1_pairs():
    covers = [(f"{n:016x}", 7, 7, str(n)) for n in range(3000)]
    decisions = decided(covers, placeholder_books=5000)
    assert len(decisions.pairs) == 2999
    assert len(set(decisions.covers["group"].to_pylist())) == 1


def test_an_image_that_many_books_share_is_a_placeholder():
    covers = [(f"{n:016x}", 5, 5, "tile") for n in range(5)]
    covers += [(f"{n + 50:016x}", 0xFF00FF00, 5, "series") for n in range(4)]
    rows = decided(covers).covers.to_pylist()
    assert [row["reason"] for row in rows] == ["placeholder"] * 5 + [None] * 4
    assert len({row["group"] for row in rows[5:]}) == 1


def titled(title, size=(400, 600), font=26):
    """Return a cover of a series: only the title differs."""
    image = Image.new("L", (400, 600), 60)
    draw = ImageDraw.Draw(image)
    draw.ellipse((80, 250, 320, 520), fill=150)
    draw.text((40, 100), title, fill=255, font=ImageFont.load_default(font))
    return image.resize(size)


def look_alikes(pictures):
    covers = [(f"{n:016x}", 9, 9, str(n)) for n in range(len(pictures))]
    rows = decided(covers, picture=pictures.__getitem__).covers.to_pylist()
    return {row["reason"] for row in rows}


def test_one_picture_in_several_sizes_is_a_placeholder():
    sizes = [(60 * n, 90 * n) for n in range(1, 8)]
    assert look_alikes([titled("No cover yet", size) for size in sizes]) == {"placeholder"}


def test_the_covers_of_a_series_are_no_placeholders():
    titles = ["Emma", "Persuasion", "Volume 1", "Volume 2", "Volume 3", "Iliad", "Odyssey"]
    assert look_alikes([titled(title) for title in titles]) == {None}


@pytest.mark.parametrize(
    ("dhash_bits", "one_book"), [(64, False), (64, True), (8, False), (0, False), (0, True)]
)
def test_many_covers_are_decided_in_seconds_however_alike_they_are(dhash_bits, one_book):
    n = 20_000
    rng = random.Random(1)
    vhash_bits = 64 if dhash_bits == 64 else 0
    covers = [
        ("one" if one_book else str(k), rng.getrandbits(dhash_bits), rng.getrandbits(vhash_bits), k)
        for k in range(n)
    ]
    covers = [(*cover, str(file)) for *cover, file in covers]
    began = time.process_time()
    decisions = decided(covers, placeholder_books=n + 1)
    assert time.process_time() - began < 20
    assert len(decisions.covers) == n
    assert len(decisions.pairs) < 20 * n


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


def test_duplicates_of_real_images_are_rejected_or_grouped_and_recorded(tmp_path):
    whole = drawn(1)
    entries = [
        ("Emma", "Jane Austen", saved(whole)),
        ("EMMA!", "Jane Austen", saved(whole)),  # the same image
        ("Emma", "Jane Austen", saved(smaller(whole), quality=60)),
        ("Emma", "Jane Austen", saved(drawn(2))),  # another edition
        ("Ivanhoe", "Walter Scott", saved(whole, quality=70)),  # another book with the same image
        ("Dracula", "Bram Stoker", saved(drawn(3))),
    ]
    found = run(None, covers_of(tmp_path / "set", entries), tmp_path / "out")
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
def test_the_index_has_the_byte_range_of_each_cover_in_its_shard(tmp_path, image_format):
    entries = [(f"Title {n}", f"Author {n}", saved(drawn(n))) for n in range(25)]
    source = covers_of(tmp_path / "set", entries)
    parameters = {"covers_per_shard": 10, "image_format": image_format}
    found = run(None, source, tmp_path / "out", **parameters)
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
    again = run(None, source, tmp_path / "again", **parameters)
    assert again.shards() == found.shards()
    assert again.index.equals(found.index)
    assert again.result == found.result
