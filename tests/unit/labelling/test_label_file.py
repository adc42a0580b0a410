import csv
import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.errors import BadInputError
from dustjacket.labelling.label import COLUMNS, Labeller
from dustjacket.labelling.label_file import label_file
from dustjacket.labelling.source import LabelOptions
from tests.support.formats import EXAMPLES
from tests.support.labelled import VERSION, word_labeller

NAMES = ",".join(COLUMNS)
COOKING = f"Cooking,0.9,Science & Poésie 0.05; Travel 0.05,no,{VERSION},"
UNSURE = f",,Cooking 0.90; Science & Poésie 0.05,yes,{VERSION},"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def given_back(tmp_path: Path, name: str, body: bytes, **options: str) -> bytes:
    path = tmp_path / name
    path.write_bytes(body)
    before = set(tmp_path.iterdir())
    labelled = label_file(path, None, word_labeller(), LabelOptions(**options))
    assert path.read_bytes() == body
    assert set(tmp_path.iterdir()) - before <= {labelled.out}
    return labelled.out.read_bytes()


def test_a_table_comes_back_with_its_bytes_and_columns_added(tmp_path):
    body = (
        'title;author;Preis\r\nRice and bread;Ann;9,95\r\n\r\n"The; road"; Ö ;\r\nunsure star;;\r\n'
    )
    written = given_back(tmp_path, "backlist.csv", body.encode()).decode()
    semicolons = [line.replace(",", ";") for line in (NAMES, COOKING, UNSURE)]
    cooking = f'Cooking;0.9;"Science & Poésie 0.05; Travel 0.05";no;{VERSION};'
    travel = f'Travel;0.9;"Cooking 0.05; Science & Poésie 0.05";no;{VERSION};'
    unsure = f';;"Science & Poésie 0.90; Cooking 0.05";yes;{VERSION};'
    assert written == (
        f"title;author;Preis;{semicolons[0]}\r\n"
        f"Rice and bread;Ann;9,95;{cooking}\r\n\r\n"
        f'"The; road"; Ö ;;{travel}\r\nunsure star;;;{unsure}\r\n'
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252", "cp1250"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encoding_and_line_ends_stay(tmp_path, encoding, end):
    lines = ["title,author", *(f"Łódź {n} für Öl,Ann" for n in range(30))]
    if encoding == "cp1252":
        lines = [line.replace("Łódź", "Fête") for line in lines]
    body = (end.join(lines) + end).encode(encoding)
    named = {"encoding": "cp1250"} if encoding == "cp1250" else {}
    written = given_back(tmp_path, "a.csv", body, **named)
    assert written.decode(encoding).split(end) == [
        f"{lines[0]},{NAMES}", *(f"{line},{COOKING}" for line in lines[1:]), ""
    ]  # fmt: skip
    assert written[:2] == body[:2]


def test_quoting_and_trailing_separators_stay(tmp_path):
    quoted = b'"title","author"\n"Rice ""soup""","Ann"\n'
    head, row, _ = given_back(tmp_path, "a.csv", quoted).decode().split("\n")
    assert head == '"title","author",' + ",".join(f'"{name}"' for name in COLUMNS)
    assert row.startswith('"Rice ""soup""","Ann","Cooking","0.9",')
    trailing = b"title|author\nRice|Ann|\nBread||\n"
    written = given_back(tmp_path, "b.csv", trailing).decode().split("\n")
    assert [line.endswith("|") for line in written[1:3]] == [True, True]
    assert written[2].split("|")[:3] == ["Bread", "", "Cooking"]


def test_rejected_rows_stay_with_their_reason(tmp_path):
    body = b'title,author\n,Ann\nRice\nRice,Ann,x\n"Rice,Ann\nBread,Bo\n'
    path = tmp_path / "a.csv"
    path.write_bytes(body)
    labelled = label_file(path, tmp_path / "b.csv", word_labeller(), LabelOptions())
    assert labelled.out.read_text().split("\n") == [
        f"title,author,{NAMES}",
        ",Ann,,,,,,no_title",
        "Rice,,,,,,,wrong_column_count",
        "Rice,Ann,x",
        '"Rice,Ann',
        f"Bread,Bo,{COOKING}",
        "",
    ]
    assert labelled.rejected == {"no_title": 1, "wrong_column_count": 2, "unclosed_quote": 1}
    assert labelled.subjects == {"Cooking": 1}


ROWS = st.lists(
    st.tuples(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
        st.text(st.sampled_from('ab,;"\n\' '), max_size=12),
    ),
    min_size=1, max_size=8,
)  # fmt: skip


@given(rows=ROWS, separator=st.sampled_from(",;\t"), quoting=st.sampled_from([0, 1]))
def test_the_fields_of_any_table_stay(tmp_path_factory, rows, separator, quoting):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator="\r\n")
    writer.writerows([("title", "note"), *rows])
    folder = tmp_path_factory.mktemp("any")
    written = given_back(folder, "a.csv", text.getvalue().encode(), separator=separator).decode()

    def read(text: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))

    assert [row[:2] for row in read(written) if row] == [
        row[:2] for row in read(text.getvalue()) if row
    ]


def test_a_compressed_file_comes_back_compressed(tmp_path):
    written = given_back(tmp_path, "a.csv.gz", gzip.compress(b"title,author\nRice,Ann\n"))
    assert gzip.decompress(written).decode() == f"title,author,{NAMES}\nRice,Ann,{COOKING}\n"


def test_columns_that_are_there_get_other_names_and_labels_are_not_added_twice(tmp_path):
    body = b"title,Subject\nRice,x\n"
    written = given_back(tmp_path, "a.csv", body)
    assert written.startswith(b"title,Subject,dustjacket_subject,dustjacket_probability,")
    plain = given_back(tmp_path, "b.csv", b"title,note\nRice,x\n")
    for labelled in (written, plain):
        with pytest.raises(BadInputError, match="has the columns of labels already"):
            given_back(tmp_path, "c.csv", labelled)


def test_a_subject_that_the_encoding_lacks_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("title,author\nÖl für Fräulein Müller,Ann\n".encode("cp1252"))
    labeller = Labeller(word_labeller().predict, VERSION, ["文学"])
    with pytest.raises(BadInputError, match="'文学' cannot be written in cp1252"):
        label_file(path, None, labeller, LabelOptions())
    assert names_in(tmp_path) == ["a.csv"]


def test_json_lines_and_parquet_come_back(tmp_path):
    body = b'{"title": "Rice", "n": 1}\n{"title":"Star","author":"\xc3\x96"}\n{"title": \n\n{}\n'
    lines = given_back(tmp_path, "a.jsonl", body).decode().split("\n")
    first, second = json.loads(lines[0]), json.loads(lines[1])
    assert lines[0].startswith('{"title": "Rice", "n": 1, "subject": "Cooking", "probability": 0.9')
    assert (first["not_sure"], first["reason"]) == ("no", None)
    assert '"author":"Ö","subject":"Science & Poésie","probability":0.9' in lines[1]
    assert second["model_version"] == VERSION
    assert lines[2:4] == ['{"title": ', ""]
    assert json.loads(lines[4])["reason"] == "no_title"
    table = pa.table({"n": pa.array([1, 2], pa.int8()), "title": ["Rice", ""]})
    pq.write_table(table, tmp_path / "t.parquet", compression="zstd")
    written = given_back(tmp_path, "u.parquet", (tmp_path / "t.parquet").read_bytes())
    file = pq.ParquetFile(io.BytesIO(written))
    assert file.read().select(["n", "title"]).equals(table)
    assert file.read()["subject"].to_pylist() == ["Cooking", None]
    assert file.read()["reason"].to_pylist() == [None, "no_title"]
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_format_that_is_read_can_be_labelled(tmp_path, name):
    path = tmp_path / "file"
    path.write_bytes(EXAMPLES[name])
    if name == "goodreads_authors":
        return
    labelled = label_file(path, None, word_labeller(), LabelOptions())
    assert labelled.subjects.total() > 0
    assert labelled.rejected.total() == 0
    as_table = label_file(path, tmp_path / "labels.csv", word_labeller(), LabelOptions())
    if name in {"csv", "gutenberg"}:
        return
    rows = list(csv.DictReader(as_table.out.open()))
    assert [row["subject"] for row in rows] == ["Cooking"] * len(rows)
    assert {row["title"] for row in rows} == {"Über Öl"}


def test_nothing_is_left_of_a_file_that_is_not_finished(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"title,author\n" + b"Rice,Ann\n" * 9000)
    seen = []

    def interrupt(done: int) -> None:
        seen.append(done)
        if done == 5000:
            raise KeyboardInterrupt

    (tmp_path / "out.csv").write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt):
        label_file(path, tmp_path / "out.csv", word_labeller(), LabelOptions(), interrupt)
    assert seen[-1] == 5000
    assert names_in(tmp_path) == ["a.csv", "out.csv"]
    assert (tmp_path / "out.csv").read_bytes() == b"before"
    with pytest.raises(BadInputError, match="is the file itself"):
        label_file(path, path, word_labeller(), LabelOptions())


def test_a_file_that_does_not_keep_to_its_encoding_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("title,author\nRice,Ann\n".encode("utf-16") + b"\x00\xd8x\0\n\0")
    with pytest.raises(BadInputError, match=r"'a.csv' is no sound utf-16-le .*: save it as UTF-8"):
        label_file(path, None, word_labeller(), LabelOptions())
    assert names_in(tmp_path) == ["a.csv"]


def test_columns_can_be_named(tmp_path):
    body = b"what,who\nThe long road,Ann\n"
    with pytest.raises(BadInputError, match="set --title-column"):
        given_back(tmp_path, "a.csv", body)
    assert b",Ann,Travel,0.9," in given_back(tmp_path, "a.csv", body, title="What")
