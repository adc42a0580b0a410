"""Tables are found among the files of a source, and in archives; what is none is named."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from types import SimpleNamespace

import pyarrow as pa
import pytest

from dustjacket.errors import BadInputError
from dustjacket.sources import archives
from dustjacket.sources.files import SourceFile
from dustjacket.sources.find import find_tables, may_be_table
from dustjacket.sources.formats import read_rows
from dustjacket.sources.streams import corrupt_as_bad_input, opened
from dustjacket.sources.tables import ReadOptions
from dustjacket.storage.folder import FolderClient

CSV = b"title,genre\nEmma,Romance\nDune,Fiction\n"
JSON = b'{"title": "Ubik", "genre": "Fiction"}\n{"title": "Valis", "genre": "Fiction"}\n'


def zipped(files, **options):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return body.getvalue()


def tarred(files):
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return body.getvalue()


@pytest.fixture
def found(tmp_path):
    """Return what is found in a folder of files, and the titles that are read from it."""

    def find(files, source=None, **options):
        sources = []
        for name, data in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            sources.append(SourceFile(name, "", str(path), len(data)))
        store = SimpleNamespace(client=FolderClient(tmp_path, "b", SimpleNamespace))
        result = find_tables(sources, source or "folder", store, ReadOptions(**options))
        rows = []
        for table in result.tables:
            with opened(table.file, store) as stream, corrupt_as_bad_input(table.file):
                rows += [row.reason or dict(row.values) for row in read_rows(stream, table.shape)]
        return result, rows

    return find


def titles(rows):
    return [row["title"] for row in rows]


PACKED = {
    "zip": zipped, "tar": tarred,
    "tar.gz": lambda files: gzip.compress(tarred(files)),
    "tar.bz2": lambda files: bz2.compress(tarred(files)),
    "tar.xz": lambda files: lzma.compress(tarred(files)),
    "tar.zst": lambda files: pa.compress(tarred(files), codec="zstd", asbytes=True),
}  # fmt: skip


@pytest.mark.parametrize("kind", PACKED)
def test_every_table_in_an_archive_is_read(found, kind):
    body = PACKED[kind](
        {"README": b"Please cite us.\n", "a/books.csv": CSV, "more.jsonl.gz": gzip.compress(JSON),
         "__MACOSX/._books.csv": b"x", "empty.csv": b""}
    )  # fmt: skip
    result, rows = found({f"books.{kind}": body}, f"books.{kind}")
    assert titles(rows) == ["Emma", "Dune", "Ubik", "Valis"]
    assert [table.file.name for table in result.tables] == [
        f"books.{kind}/a/books.csv", f"books.{kind}/more.jsonl.gz"
    ]  # fmt: skip
    assert result.passed_over[f"books.{kind}/README"] == "a text without columns"
    assert result.passed_over[f"books.{kind}/empty.csv"] == "empty"


@pytest.mark.parametrize("kind", PACKED)
def test_an_archive_is_known_by_its_content(found, kind):
    _, rows = found({"books.csv": PACKED[kind]({"x": CSV})}, "books.csv")
    assert titles(rows) == ["Emma", "Dune"]


@pytest.mark.parametrize("kind", PACKED)
def test_an_archive_in_an_archive_is_named_and_not_opened(found, kind):
    inner = PACKED[kind]({"books.csv": CSV})
    result, rows = found({"a.zip": zipped({"inner": inner, "b.csv": CSV})}, "a.zip")
    assert titles(rows) == ["Emma", "Dune"]
    assert "unpack it" in result.passed_over["a.zip/inner"]


@pytest.mark.parametrize("name", ["../books.csv", "/etc/books.csv", "..\\books.csv"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_name_that_leads_out_of_an_archive_is_not_read(found, kind, name):
    result, rows = found({"a": PACKED[kind]({name: CSV, "b.csv": CSV})}, "a")
    assert titles(rows) == ["Emma", "Dune"]
    assert list(result.passed_over.values()) == ["named outside of the archive"]


def test_an_archive_of_too_many_files_is_refused(found, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 2)
    with pytest.raises(BadInputError, match="unpack it"):
        found({"a.zip": zipped({f"{number}.csv": CSV for number in range(3)})}, "a.zip")


@pytest.mark.parametrize("kind", ["zip", "gz"])
def test_a_decompression_bomb_is_refused(found, monkeypatch, kind):
    monkeypatch.setattr(archives, "_RATIO_FROM", 1 << 20)
    bomb = CSV + b"x" * 20_000_000
    body = zipped({"books.csv": bomb}) if kind == "zip" else lzma.compress(bomb, preset=0)
    with pytest.raises(BadInputError, match="500 times"):
        found({"a": body}, "a")


@pytest.mark.parametrize("kind", PACKED)
def test_a_cut_archive_is_named_in_one_line(found, kind):
    body = PACKED[kind]({"books.csv": CSV + bytes(range(256)) * 40})
    with pytest.raises(BadInputError) as raised:
        found({"a.bin": body[:-600] if kind == "tar" else body[:-40]}, "a.bin")
    assert "a.bin" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!\x1a\x07\x01", "RAR"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xls"),
    ],
)  # fmt: skip
def test_what_is_not_unpacked_is_named_with_the_cure(found, head, words):
    with pytest.raises(BadInputError, match=words) as raised:
        found({"a.csv": head + b"\0" * 99}, "a.csv")
    assert "unpack it" in str(raised.value) or "save it" in str(raised.value)


def test_hidden_and_empty_files_of_a_folder_are_passed_over(found):
    result, rows = found(
        {"part-0": CSV, "part-1.csv": b"", "_SUCCESS": b"", "._part-0": b"x",
         ".ipynb_checkpoints/a-checkpoint.csv": CSV, "README.txt": b"Made by us.\nCite us.\n"}
    )  # fmt: skip
    assert titles(rows) == ["Emma", "Dune"]
    assert result.passed_over["part-1.csv"] == "empty"
    assert result.passed_over["README.txt"] == "a text without columns"
    assert result.passed_over["_SUCCESS"] == "hidden"


def test_a_folder_of_empty_files_is_refused(found):
    with pytest.raises(BadInputError, match=r"no table.*a.csv.*empty"):
        found({"a.csv": b""})


def test_a_file_that_is_named_like_a_table_and_is_none_ends_the_run(found):
    with pytest.raises(BadInputError, match=r"'folder/b.csv' is a PDF"):
        found({"a.csv": CSV, "b.csv": b"%PDF-1.4 ...."})


def test_columns_in_the_names_of_folders_are_read(found):
    body = b"title\nEmma\nDune\n"
    _, rows = found({"genre=Science%20Fiction/year=1999/a.csv": body})
    assert rows[0] == {"title": "Emma", "genre": "Science Fiction", "year": "1999"}
    result, rows = found({"genre=__HIVE_DEFAULT_PARTITION__/a.csv": body})
    assert rows[0] == {"title": "Emma", "genre": ""}
    assert result.tables[0].shape.keys == ("title", "genre")


@pytest.mark.parametrize(
    ("name", "looked_at"),
    [
        ("a.csv", True), ("part-00000", True), ("a.tar.gz", True), ("a.zip", True), ("a.tgz", True),
        ("photo.jpg", False), ("_SUCCESS", False), (".a.csv", False), ("x/.git/config", False),
    ],
)  # fmt: skip
def test_names_say_which_files_of_a_folder_are_looked_at(name, looked_at):
    assert may_be_table(name) == looked_at
