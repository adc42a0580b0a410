"""Covers decoded once to local disk: shared, within a limit, without broken covers."""

import io
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from dustjacket.clip.data import square
from dustjacket.clip.images import CoverCache
from dustjacket.errors import CorruptVersionError, DustjacketError

SIZE = 32
GIB = 2**30


class Shards:
    """Published covers in memory, and how often each shard was read."""

    version = "20260101T000000000000Z-abc"

    def __init__(self, shards, covers, broken=()):
        self.bodies, self.reads, rows = {}, [], []
        for shard in range(shards):
            body = b""
            for place in range(covers):
                number = shard * covers + place
                image = io.BytesIO()
                Image.new("RGB", (40, 60), (number * 7 % 256, 80, 120)).save(image, "JPEG")
                encoded = b"not a cover" if number in broken else image.getvalue()
                rows.append((str(number), f"shards/{shard:05}.tar", len(body), len(encoded)))
                body += encoded
            self.bodies[f"shards/{shard:05}.tar"] = body
        self.books = pd.DataFrame(rows, columns=["key", "shard", "offset", "size"])

    def read(self, _manifest, path):
        self.reads.append(path)
        if self.bodies[path] is None:
            raise CorruptVersionError(f"{path} does not match its manifest")
        return self.bodies[path]

    def cache(self, folder, gib=1.0, books=None):
        books = self.books if books is None else books
        return CoverCache(self, self, books, SIZE, int(gib * GIB), folder)

    def decoded(self, number):
        row = self.books.iloc[number]
        body = self.bodies[row["shard"]]
        return square(body[row["offset"] : row["offset"] + row["size"]], SIZE)


def test_covers_come_back_in_any_order_as_they_were_published(tmp_path):
    shards = Shards(3, 4)
    shuffled = shards.books.sample(frac=1, random_state=1).reset_index(drop=True)
    cache = shards.cache(tmp_path, books=shuffled)
    rows = np.array([11, 0, 5, 5, 2])
    expected = torch.stack([shards.decoded(int(shuffled["key"][row])) for row in rows])
    assert torch.equal(cache[rows], expected)


def test_a_shard_is_read_once_also_by_the_next_process(tmp_path):
    shards = Shards(2, 3)
    for _ in range(3):
        cache = shards.cache(tmp_path)
        assert cache.broken().tolist() == []
        cache[np.arange(6)]
    assert sorted(shards.reads) == sorted(shards.bodies)


def test_files_beyond_the_limit_are_deleted_and_made_again(tmp_path, caplog):
    shards = Shards(4, 3)
    shard_bytes = 3 * 3 * SIZE * SIZE
    with caplog.at_level(logging.WARNING):
        cache = shards.cache(tmp_path, gib=2.5 * shard_bytes / GIB)
    assert "raise cache_gib" in caplog.text
    for _ in range(2):
        for row in range(12):
            assert torch.equal(cache[np.array([row])][0], shards.decoded(row))
            kept = sum(file.stat().st_size for file in tmp_path.rglob("*.npy"))
            assert kept <= 3 * shard_bytes
    assert len(shards.reads) > 4


def test_a_cover_that_cannot_be_decoded_is_named_and_spoils_no_other(tmp_path):
    shards = Shards(2, 3, broken={4})
    cache = shards.cache(tmp_path)
    assert cache.broken(first=1).tolist() == [4]
    assert torch.equal(cache[np.array([5])][0], shards.decoded(5))
    assert not cache[np.array([4])].any()


def test_a_corrupt_shard_is_left_out(tmp_path):
    shards = Shards(2, 3)
    body, shards.bodies["shards/00001.tar"] = shards.bodies["shards/00001.tar"], None
    assert shards.cache(tmp_path).broken().tolist() == [3, 4, 5]
    shards.bodies["shards/00001.tar"] = body
    again = shards.cache(tmp_path)
    assert again.broken().tolist() == [], "it is read again once it can be"
    assert torch.equal(again[np.array([4])][0], shards.decoded(4))


def test_caches_that_evict_each_others_files_still_find_every_cover(tmp_path):
    shards = Shards(4, 3)
    shard_bytes = 3 * 3 * SIZE * SIZE

    def read_at_random(seed):
        cache, drawn = (
            shards.cache(tmp_path, gib=1.5 * shard_bytes / GIB),
            np.random.default_rng(seed),
        )
        for row in drawn.integers(0, 12, 150):
            assert torch.equal(cache[np.array([row])][0], shards.decoded(row))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(read_at_random, range(4)))
    assert len(shards.reads) > 50


def test_an_outage_does_not_make_a_shard_broken(tmp_path, monkeypatch):
    from botocore.exceptions import EndpointConnectionError

    shards = Shards(1, 3)
    errors = iter([EndpointConnectionError(endpoint_url="here"), None])
    read = shards.read

    def unavailable_once(manifest, path):
        if error := next(errors):
            raise error
        return read(manifest, path)

    monkeypatch.setattr(shards, "read", unavailable_once)
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert shards.cache(tmp_path).broken().tolist() == []


@pytest.mark.parametrize("rows", [[], [0]])
def test_the_shape_follows_the_number_of_rows(tmp_path, rows):
    assert Shards(1, 1).cache(tmp_path)[np.array(rows, dtype=int)].shape == (
        len(rows),
        3,
        SIZE,
        SIZE,
    )


def test_two_platforms_of_one_account_have_two_caches(tmp_path, monkeypatch):
    shards, caches = Shards(1, 1), []
    for name in ("one", "two"):
        monkeypatch.setenv("DUSTJACKET_HOME", str(tmp_path / name))
        shards.cache(None)[np.array([0])]
        caches.append([file for file in (tmp_path / name).rglob("*.npy") if file.stat().st_size])
    assert [len(files) for files in caches] == [1, 1]
    assert len(shards.reads) == 2


def test_a_link_in_place_of_a_file_or_folder_is_refused_and_its_target_is_kept(tmp_path):
    target = tmp_path / "target"
    target.write_bytes(b"of someone else")
    shards = Shards(1, 1)
    folder = tmp_path / "cache" / f"{shards.version}-{SIZE}"
    folder.mkdir(parents=True)
    (folder / "00000-1.lock").symlink_to(target)
    with pytest.raises(OSError, match=r"00000-1\.lock"):
        shards.cache(tmp_path / "cache")[np.array([0])]
    (folder / "00000-1.lock").unlink()
    (folder / "00000-1.npy").symlink_to(target)
    with pytest.raises(DustjacketError, match=r"00000-1\.npy is a link"):
        shards.cache(tmp_path / "cache")[np.array([0])]
    assert target.read_bytes() == b"of someone else"
    (tmp_path / "link").symlink_to(tmp_path / "cache")
    with pytest.raises(DustjacketError, match="link"):
        shards.cache(tmp_path / "link")


def test_a_cached_file_of_another_account_is_refused(tmp_path, monkeypatch):
    shards = Shards(1, 1)
    shards.cache(tmp_path)[np.array([0])]
    (file,) = tmp_path.rglob("*.npy")
    theirs, us = file.lstat().st_ino, os.geteuid()
    lstat = Path.lstat

    def owned_by_another(path):
        state = lstat(path)
        if state.st_ino != theirs:
            return state
        return os.stat_result((*state[:4], us + 1, *state[5:]))

    monkeypatch.setattr(Path, "lstat", owned_by_another)
    with pytest.raises(DustjacketError, match="belongs to another account"):
        shards.cache(tmp_path)[np.array([0])]
