"""One ingestion by the command alone: quick, tidy, and plain about what goes wrong."""

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from dustjacket.catalog.step import INGEST_CATALOG
from dustjacket.cli import local_ingest
from dustjacket.cli.local_ingest import EXIT_TERMINATED, delete_oldest, ingest, local_store
from dustjacket.covers.step import INGEST_COVERS
from dustjacket.errors import BadInputError, DustjacketError
from dustjacket.sample.listing import write_listing
from tests.support.images import drawn, saved

LISTING = "title,author,genre\nDune,Frank Herbert,SF\nUbik,Philip K. Dick,SF\n"
HEAVY = ("pyspark", "mlflow", "torch", "airflow")
COMMAND = "from dustjacket.cli.app import main; main()"
CHECKED = f"""
import sys
from dustjacket.cli.app import main
main()
print("imported", [name for name in {HEAVY!r} if name in sys.modules])
"""


@pytest.fixture
def listing(tmp_path):
    file = tmp_path / "source" / "l.csv"
    file.parent.mkdir()
    file.write_text(LISTING)
    return file


@pytest.fixture(autouse=True)
def caches(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setenv("DUSTJACKET_HOME", str(tmp_path / "home"))


def command(*words, code=COMMAND):
    return [sys.executable, "-c", code, "ingest", "catalog", *map(str, words)]


def run(listing, out, **parameters):
    return ingest(INGEST_CATALOG, {"source": str(listing), **parameters}, out, Console(quiet=True))


def test_the_command_reads_a_listing_and_imports_nothing_heavy(listing, tmp_path):
    out = tmp_path / "Bücher #1" / "out"
    done = subprocess.run(
        command(listing, "--out", out, code=CHECKED), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "imported []"
    assert sorted(path.name for path in out.iterdir()) == ["books", "manifest.json", "rejected"]
    assert pq.read_table(out / "books")["title"].to_pylist() == ["Dune", "Ubik"]
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["facts"]["files"][0]["columns"]["author"] == ["author"]
    assert list(out.parent.iterdir()) == [out]


def test_a_preview_shows_how_records_are_read_and_writes_nothing(listing, tmp_path):
    with listing.open("a") as file:
        file.write(",Nobody,SF\n")
    before = sorted(tmp_path.rglob("*"))
    done = subprocess.run(
        command(listing, "--preview"), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    for line in (
        "l.csv: csv, separator ','", "  title is column 'title'", "  author: Frank Herbert",
        "  rejected: no_title: ,Nobody,SF", "of the first 3 records, 1 are rejected: no_title 1",
    ):  # fmt: skip
        assert line in done.stdout
    assert [path for path in sorted(tmp_path.rglob("*")) if "caches" not in path.parts] == before


def test_a_preview_names_unused_columns_and_what_the_second_source_gives(listing, tmp_path):
    listing.write_text("Title,Author,Price\nDune,Frank Herbert,9.99\nUbik,Philip K. Dick,4.50\n")
    second = tmp_path / "second.csv"
    second.write_text("title,author,genre,description\nDune,Frank Herbert,SF,Sand.\n")
    words = command(listing, "--preview", "--enrich", second)
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for line in (
        "  not used: 'Price'", "  description: Sand.",
        "  from other files: description (second.csv), genres (second.csv)",
        "of the first 2 records, 1 are rejected: no_genre 1",
    ):  # fmt: skip
        assert line in done.stdout
    manifest = run(listing, tmp_path / "out", enrich=str(second), min_rows_per_genre=1)
    assert manifest.facts["files"][0]["unused"] == ["Price"]


def test_without_a_folder_to_write_to_the_line_names_the_flags(listing):
    done = subprocess.run(command(listing), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "--out" in done.stderr
    assert "--preview" in done.stderr


def test_what_follows_the_first_run_of_a_place_is_the_same(listing, tmp_path):
    first, second = (run(listing, tmp_path / name) for name in ("a", "b"))
    assert first.version.partition("-")[2] == second.version.partition("-")[2]
    assert [entry.sha256 for entry in first.files] == [entry.sha256 for entry in second.files]
    with pytest.raises(BadInputError, match="not empty"):
        run(listing, tmp_path / "a")


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Adak"])
def test_the_content_and_its_digest_are_the_same_in_every_time_zone(
    listing, tmp_path, monkeypatch, zone
):
    here = run(listing, tmp_path / "here")
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        there = run(listing, tmp_path / "there")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert there.version.partition("-")[2] == here.version.partition("-")[2]
    assert [entry.sha256 for entry in there.files] == [entry.sha256 for entry in here.files]


def test_a_folder_inside_the_source_is_written_to_and_is_no_part_of_it(listing):
    manifest = run(listing.parent, listing.parent / "two  blanks" / "out")
    assert manifest.facts["rows_read"] == 2
    assert [file["file"] for file in manifest.facts["files"]] == ["l.csv"]


def test_covers_are_written_to_a_folder_inside_their_source(tmp_path):
    (tmp_path / "set").mkdir()
    for number in range(2):
        body = saved(drawn(number, (200, 300)))
        (tmp_path / "set" / f"Book {number} - Ann Lee.jpg").write_bytes(body)
    named = {"source": str(tmp_path / "set")}
    manifest = ingest(INGEST_COVERS, named, tmp_path / "set" / "out", Console(quiet=True))
    assert (manifest.facts["accepted"], manifest.facts["rejected"]) == (2, 0)


@pytest.mark.parametrize(
    ("source", "out", "words"),
    [
        ("source/l.csv", "source/l.csv", "is not empty: name a new folder with --out"),
        ("source/l.csv", "source", "is not empty: name a new folder with --out"),
        ("source/none.csv", "out", "none.csv"),
        ("", "out", "source"),
    ],
)
def test_what_cannot_be_read_or_written_is_one_line(listing, tmp_path, source, out, words):
    with pytest.raises(BadInputError, match=words) as caught:
        run(tmp_path / source if source else "", tmp_path / out)
    assert "\n" not in str(caught.value)
    assert listing.read_text() == LISTING


def scratch_of(parent):
    return list(parent.glob(".ingest-*"))


@pytest.fixture(scope="module")
def long_listing(tmp_path_factory):
    file = tmp_path_factory.mktemp("long") / "l.csv"
    write_listing(file, 60_000, random.Random(1))
    return file


@pytest.mark.parametrize(
    ("sent", "code", "line"),
    [(signal.SIGTERM, EXIT_TERMINATED, "terminated"), (signal.SIGINT, 130, "interrupted")],
)
def test_a_signal_ends_it_in_one_line_and_leaves_nothing(long_listing, tmp_path, sent, code, line):
    parent = tmp_path / "out"
    process = started(long_listing, parent)
    process.send_signal(sent)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (code, f"dustjacket: {line}\n")
    assert list(parent.iterdir()) == []


def test_the_next_run_removes_what_a_killed_one_left_and_not_what_is_in_use(
    long_listing, listing, tmp_path
):
    parent = tmp_path / "out"
    process, other = started(long_listing, parent), started(long_listing, parent)
    process.kill()
    process.wait()
    assert len(scratch_of(parent)) == 2
    run(listing, parent / "b")
    assert len(scratch_of(parent)) == 1
    other.kill()
    other.communicate()
    run(listing, parent / "c")
    assert scratch_of(parent) == []


def started(listing, parent):
    """Start a run and wait until its scratch folder is there."""
    there = len(scratch_of(parent))
    process = subprocess.Popen(
        command(listing, "--out", parent / f"out-{there}"),
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        # Children of a job in the background would inherit that it ignores Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )  # fmt: skip
    while len(list(parent.glob(".ingest-*/store"))) <= there:
        assert process.poll() is None
        time.sleep(0.02)
    return process


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EROFS, "read-only disk: name a folder on another one with --out"),
        (errno.ENOSPC, "MiB are free at .* free space"),
        (errno.EDQUOT, "the quota of this account is full"),
        (errno.EACCES, "may not be read or written by this account"),
        (errno.ENOTEMPTY, "another run has written to .*/out: name a new folder"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_a_fault_of_the_machine_is_one_line_with_its_cure(
    listing, tmp_path, monkeypatch, number, words
):
    def fail(*_):
        raise OSError(number, os.strerror(number), str(tmp_path / "file"))

    monkeypatch.setattr(local_ingest, "plan_step", fail)
    with pytest.raises(DustjacketError, match=words) as caught:
        run(listing, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert scratch_of(tmp_path) == []


def test_of_two_runs_into_one_folder_the_later_says_so(listing, tmp_path, monkeypatch):
    out = tmp_path / "out"
    plan = local_ingest.plan_step

    def other_run_first(*arguments):
        shutil.copytree(listing.parent, out)
        return plan(*arguments)

    monkeypatch.setattr(local_ingest, "plan_step", other_run_first)
    with pytest.raises(DustjacketError, match="another run"):
        run(listing, out)
    assert [path.name for path in out.iterdir()] == ["l.csv"]


def test_a_listing_that_may_not_be_read_is_one_line(listing, tmp_path, monkeypatch):
    real = Path.open

    def refuse(path, *arguments, **options):
        if path.name == listing.name:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DustjacketError, match=r"l\.csv.* may not be read"):
        run(listing, tmp_path / "out")


def test_downloads_outlive_the_command(listing, tmp_path):
    for _ in range(2):
        with local_store(str(listing)) as store:
            found = [key for key, _ in store.keys("fetched/site/")]
            (tmp_path / "picture").write_bytes(b"1")
            store.client.upload_file(str(tmp_path / "picture"), store.bucket, "fetched/site/1")
    assert found == ["fetched/site/1"]
    assert (tmp_path / "caches" / "dustjacket" / "fetched" / "site" / "1").read_bytes() == b"1"


def test_of_downloads_the_oldest_are_deleted(tmp_path):
    for number in range(5):
        (tmp_path / f"{number}").write_bytes(b"1234")
        os.utime(tmp_path / f"{number}", (0, -number))
    delete_oldest(tmp_path, 9)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["0", "1"]
