"""Bad files of every format are named in one line, or cost single rows; memory is bounded."""

import io
import json
import os
import subprocess
import sys
import textwrap
import unicodedata
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from dustjacket.errors import BadInputError
from dustjacket.records.columns import columns_of
from dustjacket.records.record import CANONICAL, record_of
from dustjacket.sample.formats import FORMATS as SAMPLE_FORMATS
from dustjacket.sources.files import SourceFile, local_files
from dustjacket.sources.find import find_tables, look_at
from dustjacket.sources.formats import FORMATS, read_rows, shape_of
from dustjacket.sources.streams import corrupt_as_bad_input, opened
from dustjacket.sources.tables import ReadOptions
from dustjacket.storage.folder import FolderClient
from tests.support.formats import EXAMPLES, TITLE
from tests.support.spreadsheets import ods, xlsx

ROWS = [["title", "genre"], *[[f"Book {number}", "Fiction"] for number in range(400)]]


def parquet():
    body = io.BytesIO()
    pq.write_table(pa.table({"title": [row[0] for row in ROWS[1:]]}), body)
    return body.getvalue()


WHOLE = {
    "csv": b"\n".join(",".join(row).encode() for row in ROWS),
    "json": b"[" + b",".join(b'{"title": "%d"}' % number for number in range(400)) + b"]",
    "json_lines": b"".join(b'{"title": "%d"}\n' % number for number in range(400)),
    "parquet": parquet(), "xlsx": xlsx({"a": ROWS}), "ods": ods({"a": ROWS}),
}  # fmt: skip


def read(data, name="books"):
    with corrupt_as_bad_input(SourceFile(name, "", "")):
        shape = shape_of(io.BytesIO(data), ReadOptions(name))
        return shape.format, list(read_rows(io.BytesIO(data), shape))


@pytest.mark.parametrize("name", WHOLE)
def test_the_ending_of_a_name_decides_nothing(name):
    for ending in ("csv", "tsv", "json", "jsonl", "parquet", "xlsx", "ods", "txt", "jpg"):
        found, rows = read(WHOLE[name], f"books.{ending}")
        assert (found, len(rows)) == (name, 400)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", WHOLE)
def test_a_cut_file_is_damaged_or_loses_its_last_row_only(name, share):
    data = WHOLE[name][: int(share * len(WHOLE[name]))]
    rows, problem = [], ""
    try:
        _, rows = read(data)
    except BadInputError as error:
        problem = str(error)
    if problem:
        assert problem.startswith("'books'")
        assert "\n" not in problem
        return
    assert name in {"csv", "json_lines"}, "other formats say where they end"
    complete = data.count(b"\n") - (name == "csv")
    assert sum(row.reason is None for row in rows) >= complete
    assert len(rows) <= complete + 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b" \r\n\t", "is empty"),
        (b"\0" * 5000, "binary"),
        (bytes(range(256)) * 9, "binary"),
        (b"%PDF-1.7 ...", "a PDF file"),
        (b"<!DOCTYPE html><html>", "a web page that begins with '<!doctype html><html>'"),
        (b"\n<books><book/></books>", "XML or HTML that begins with '<books>"),
        (b"SQLite format 3\0....", "a database: export"),
        (b"ARROW1\0\0....", "an Arrow .Feather. file: save it as Parquet"),
        (b"ORC....", "an ORC file: save it as Parquet"),
        (b"{\\rtf1 ...", "RTF"),
        (b"PK\x03\x04" + b"x" * 60, "a ZIP archive: unpack it"),
        (b"7z\xbc\xaf\x27\x1c..", "a 7z archive: unpack it"),
        (b"Rar!\x1a\x07\x01..", "a RAR archive: unpack it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", ".xls.*save it as .xlsx or CSV"),
        (b"\x89PNG\r\n\x1a\n", "an image"),
        (b"[[1, 2], [3, 4]]", "JSON without a list of objects.*give an array of objects"),
        (
            b"title;genre\nEmma;a;b\nDune;c;d\n",
            "2 fields separated by semicolon, but 3 in record 2",
        ),
        (b"PAR1" + b"x" * 99, "damaged.*give a whole file"),
    ],
)
def test_a_file_that_is_not_read_is_named_in_one_line(data, words):
    with pytest.raises(BadInputError, match=words) as raised:
        read(data)
    assert "'books'" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500


HOSTILE = {
    "one endless CSV record": 'chunks(b"title,genre\\nEmma,F\\n", b"x" * 1000)',
    "a quote that never closes": 'chunks(b"title,genre\\nEmma,F\\n", b\'"a\\n\' * 333, 500)',
    "an endless line of JSON": 'chunks(b\'{"title": 1}\\n{"title": 2}\\n{"title": "\', b"x" * 999)',
    "an endless object of JSON": 'chunks(b\'[{"title": 1}, {"title": "\', b"x" * 999)',
    "a cell of 10 MB": 'chunks(b"title,genre\\n", b"Emma," + b"x" * 10_000_000 + b"\\n", 40)',
    "endless columns": 'chunks(b"title,genre\\nEmma,F\\n", b"a," * 999)',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_memory_is_bounded_whatever_the_file(name):
    """300 MB and more are read with 200 MiB of memory beyond what the imports take."""
    script = f"""
        import io, resource
        from dustjacket.errors import BadInputError
        from dustjacket.sources.chunks import stream_of
        from dustjacket.sources.files import SourceFile
        from dustjacket.sources.formats import read_rows, shape_of
        from dustjacket.sources.streams import corrupt_as_bad_input
        from dustjacket.sources.tables import ReadOptions

        def chunks(head, again, times=300_000):
            yield head
            for _ in range(times):
                yield again

        def read():
            with corrupt_as_bad_input(SourceFile("books", "", "")):
                shape = shape_of(stream_of({HOSTILE[name]}), ReadOptions("books"))
                return sum(row.reason is not None
                           for row in read_rows(stream_of({HOSTILE[name]}), shape))

        size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + (200 << 20),) * 2)
        try:
            print("rejected", read())
        except BadInputError as error:
            print("refused", error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.startswith(("rejected ", "refused "))
    assert done.stdout != "rejected 0\n"


def store_of(folder):
    return SimpleNamespace(client=FolderClient(folder, "b", SimpleNamespace))


def sources_in(folder):
    return [
        SourceFile(path.relative_to(folder).as_posix(), "", str(path), path.stat().st_size)
        for path in local_files(folder)
    ]


def titles_of(body, name="books"):
    """Return the titles of the books of a file."""
    shape = shape_of(io.BytesIO(body), ReadOptions(name))
    columns = CANONICAL if FORMATS[shape.format].canonical else columns_of(shape.keys)
    rows = [row for row in read_rows(io.BytesIO(body), shape) if row.reason is None]
    return [record_of(row.values, columns).title for row in rows]


def test_there_is_an_example_of_every_format():
    assert list(EXAMPLES) == list(FORMATS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_content_decides_the_format(name):
    shape = shape_of(io.BytesIO(EXAMPLES[name]), ReadOptions("books.bin"))
    assert shape.format == name
    assert set(titles_of(EXAMPLES[name])) == (set() if shape.authors == "all" else {TITLE})


def test_every_format_is_read_the_same_where_the_locale_is_ascii(tmp_path):
    for name, body in EXAMPLES.items():
        (tmp_path / f"Bücher {name}.bin").write_bytes(body)
    code = (
        "import json, sys; from pathlib import Path\n"
        "from tests.unit.sources.test_formats import titles_of\n"
        "print(json.dumps({path.name.split()[1][:-4]: titles_of(path.read_bytes(), str(path))"
        " for path in Path(sys.argv[1]).iterdir()}))"
    )
    ascii_only = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True, check=False, env={**os.environ, **ascii_only},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    found = json.loads(done.stdout)
    assert found == {name: titles_of(body) for name, body in EXAMPLES.items()}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_folder_named_like_a_file_is_read_as_a_folder(tmp_path, name):
    ending = next(iter(FORMATS[name].endings), "")
    folder = tmp_path / f"books{ending or '.jsonl'}"
    (folder / f"inner{ending}").mkdir(parents=True)
    (folder / f"inner{ending}" / f"books{ending}").write_bytes(EXAMPLES[name])
    (found,) = find_tables(sources_in(folder), str(folder), store_of(folder), ReadOptions()).tables
    assert found.shape.format == name
    assert found.file.name == f"inner{ending}/books{ending}"


REFUSALS = {
    "no permission": PermissionError(13, "Permission denied"),
    "a folder by now": IsADirectoryError(21, "Is a directory"),
    "gone by now": ClientError({"Error": {"Code": "404", "Message": "Not Found"},
                                "ResponseMetadata": {"HTTPStatusCode": 404}}, "GetObject"),
}  # fmt: skip


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_file_that_may_not_be_read_is_named_in_one_line(tmp_path, monkeypatch, name, refusal):
    ending = next(iter(FORMATS[name].endings), "")
    (tmp_path / f"books{ending}").write_bytes(EXAMPLES[name])
    store = store_of(tmp_path)

    def get_object(**_):
        raise REFUSALS[refusal]

    monkeypatch.setattr(store.client, "get_object", get_object)
    files = sources_in(tmp_path)
    with pytest.raises(BadInputError) as raised:
        find_tables(files, str(tmp_path), store, ReadOptions())
    assert f"books{ending}" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert list(look_at(files, str(tmp_path), store, ReadOptions()).refused) == [f"books{ending}"]


@pytest.mark.parametrize("other", EXAMPLES)
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_file_that_is_replaced_while_it_is_read_gives_rows_or_one_line(name, other):
    shape = shape_of(io.BytesIO(EXAMPLES[name]), ReadOptions("books"))
    body = EXAMPLES[other]
    for replacing in (body, body[: len(body) // 2], b""):
        found = rows_or_line(replacing, shape)
        if isinstance(found, str):
            assert found.startswith("'books' is damaged")
            assert "\n" not in found
        else:
            assert all(row.reason or isinstance(row.values, dict) for row in found)


def rows_or_line(body, shape):
    try:
        with corrupt_as_bad_input(SourceFile("books", "", "")):
            return list(read_rows(io.BytesIO(body), shape))
    except BadInputError as error:
        return str(error)


def _characters():
    """Return a visible character of each general category of Unicode, by category."""
    found = {}
    for code in range(0x20, 0x1F000):
        character = chr(code)
        found.setdefault(unicodedata.category(character), character)
    del found["Cc"], found["Cs"]  # XML has none of these
    return found


CHARACTERS = _characters()


@pytest.mark.parametrize("name", SAMPLE_FORMATS)
def test_a_title_of_any_general_category_is_the_same_in_every_format(tmp_path, name):
    titles = {kind: f"Aa {character} b{character}c" for kind, character in CHARACTERS.items()}
    books = [
        {"record_id": kind, "title": title, "isbn": [], "language": "eng", "genre": "Poetry",
         "subjects": [], "contributors": [{"name": "Ada Stern", "role": "aut"}]}
        for kind, title in titles.items()
    ]  # fmt: skip
    written = tmp_path / f"books{SAMPLE_FORMATS[name].ending}"
    SAMPLE_FORMATS[name].write(written, books)
    store = store_of(tmp_path)
    found = []
    for table in find_tables(sources_in(written) if written.is_dir() else sources_in(tmp_path),
                             "books", store, ReadOptions()).tables:  # fmt: skip
        with opened(table.file, store) as stream:
            found += titles_of(stream.read(), table.file.name)
    expected = [record_of({"title": title}, CANONICAL).title for title in titles.values()]
    assert sorted(found) == sorted(expected)
    assert len(titles) >= 28
