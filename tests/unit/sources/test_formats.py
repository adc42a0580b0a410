"""Bad files of every format are named in one line, or cost single rows; memory is bounded."""

import io
import subprocess
import sys
import textwrap

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dustjacket.errors import BadInputError
from dustjacket.sources.files import SourceFile
from dustjacket.sources.formats import read_rows, shape_of
from dustjacket.sources.streams import corrupt_as_bad_input
from dustjacket.sources.tables import ReadOptions
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
