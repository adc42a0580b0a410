"""Archives of covers are read within bounds, or named with the cure."""

import io
import tarfile
import zipfile

import pytest

from dustjacket.errors import BadInputError
from tests.support.covers_run import run
from tests.support.images import drawn, saved

TABLE = b"title,author,image\nEmma,Jane Austen,img/1.jpg\nDune,Frank Herbert,img\\2.jpg\n"


@pytest.fixture(scope="module")
def files():
    return {
        "t.csv": TABLE,
        "img/1.jpg": saved(drawn(1)),
        "img/2.jpg": saved(drawn(2)),
        "__MACOSX/img/._1.jpg": b"fork",
        "../out.jpg": saved(drawn(3)),
        "more.zip": zipped({"x.jpg": saved(drawn(4))}),
    }


def zipped(files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return packed.getvalue()


def tarred(files, mode):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:
        for name, body in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    return packed.getvalue()


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
@pytest.mark.parametrize("in_folder", [False, True])
def test_an_archive_is_read_as_the_folder_that_it_holds(tmp_path, files, kind, in_folder):
    body = zipped(files) if kind == "zip" else tarred(files, "w:gz" if "gz" in kind else "w")
    (tmp_path / "set").mkdir()
    archive = tmp_path / "set" / f"covers.{kind}"
    archive.write_bytes(body)
    if in_folder:
        (tmp_path / "set" / "README.md").write_text("about these covers")
    covers = run(None, archive.parent if in_folder else archive, tmp_path / "out")
    assert list(covers.index["title"]) == ["Emma", "Dune"]
    assert not covers.result.by_reason
    passed_over = covers.result.passed_over
    folder = f"covers.{kind}/" if in_folder else ""
    assert "archive inside an archive" in passed_over[f"{folder}more.zip"]
    assert f"{folder}../out.jpg" in passed_over


def test_images_named_by_title_may_be_in_an_archive(tmp_path):
    named = {"Emma - Jane Austen.jpg": saved(drawn(1)), "Dune - F H.png": saved(drawn(2), "PNG")}
    (tmp_path / "covers.zip").write_bytes(zipped(named))
    covers = run(None, tmp_path / "covers.zip", tmp_path / "out")
    assert set(covers.index["title"]) == {"Emma", "Dune"}


def test_names_that_hide_tables_hide_no_images(tmp_path):
    packed = {"_art/_1.jpg": saved(drawn(1)), "t.csv": b"title,image\nEmma,_art/_1.jpg\n"}
    (tmp_path / "covers.zip").write_bytes(zipped(packed | {"_delta_log/0.json": b"{}"}))
    covers = run(None, tmp_path / "covers.zip", tmp_path / "out")
    assert list(covers.index["title"]) == ["Emma"]
    assert covers.result.passed_over == {"_delta_log/0.json": "hidden"}


@pytest.mark.parametrize(
    ("name", "head"), [("c.7z", b"7z\xbc\xaf\x27\x1c\0\4"), ("c.rar", b"Rar!\x1a\x07\1\0")]
)
def test_other_archives_are_named_with_the_cure(tmp_path, name, head):
    (tmp_path / name).write_bytes(head + bytes(100))
    with pytest.raises(BadInputError, match=r"a (7z|RAR) archive: unpack it"):
        run(None, tmp_path / name, tmp_path / "out")


def test_a_damaged_archive_is_one_line(tmp_path, files):
    (tmp_path / "c.zip").write_bytes(zipped(files)[:-200])
    with pytest.raises(BadInputError, match="damaged"):
        run(None, tmp_path / "c.zip", tmp_path / "out")


def test_a_bomb_in_an_archive_costs_no_memory(tmp_path):
    bomb = zipped({"Emma - Jane Austen.jpg": bytes(600 << 20)})
    assert len(bomb) < 1 << 20
    (tmp_path / "c.zip").write_bytes(bomb)
    with pytest.raises(BadInputError, match=r"too_large: 1"):
        run(None, tmp_path / "c.zip", tmp_path / "out")
