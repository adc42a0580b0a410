"""A path in a table finds the image that it means, in the source and nowhere else."""

import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.covers.locate import ImageFiles, address_reason, is_safe_path, isbn_of_name

DECOMPOSED = unicodedata.normalize("NFD", "img/Café.jpg")


@given(st.text(max_size=30) | st.text("./\\a\0", max_size=12))
def test_a_safe_path_stays_below_its_folder_on_linux_and_windows(path):
    if is_safe_path(path):
        for written in (path, path.replace("\\", "/")):
            assert f"{os.path.normpath(f'/root/{written}')}/".startswith("/root/")


@pytest.mark.parametrize(
    "path", ["..\\a.jpg", "a\\..\\..\\b", "C:\\a.jpg", "\\\\host\\a.jpg", "/a"]
)
def test_paths_that_leave_the_source_are_unsafe(path):
    assert not is_safe_path(path)


@pytest.mark.parametrize(
    ("image", "file"),
    [
        ("img/a.jpg", "img/a.jpg"),
        ("img\\sub\\b.jpg", "img/sub/b.jpg"),
        ("dataset\\Fantasy\\a.jpg", "img/a.jpg"),
        ("odd\\name.jpg", "odd\\name.jpg"),
        (
            unicodedata.normalize("NFC", "img/Café.jpg"),
            unicodedata.normalize("NFD", "img/Café.jpg"),
        ),
        ("IMG/A.JPG", "img/a.jpg"),
        ("img/two  blanks.jpg", "img/two  blanks.jpg"),
        ("img/two blanks.jpg", None),
        ("two%20%20blanks.jpg", "img/two  blanks.jpg"),
        ("same.jpg", None),
        ("x/same.jpg", "x/same.jpg"),
        ("X/SAME.jpg", "x/same.jpg"),
    ],
)
def test_a_path_finds_its_file_however_it_was_written(image, file):
    names = [
        "img/a.jpg", "img/sub/b.jpg", "odd\\name.jpg", "img/two  blanks.jpg", "x/same.jpg",
        "y/same.jpg", DECOMPOSED,
    ]  # fmt: skip
    assert ImageFiles(names).find(image, "") == file


def test_the_table_s_own_folder_comes_first():
    files = ImageFiles(["1.jpg", "a/1.jpg", "b/1.jpg"])
    assert files.find("1.jpg", "a") == "a/1.jpg"
    assert files.find("1.jpg", "") == "1.jpg"


def test_two_normal_forms_of_one_name_are_told_apart_by_the_exact_one():
    names = [unicodedata.normalize(form, "Café.jpg") for form in ("NFC", "NFD")]
    files = ImageFiles(names)
    assert [files.find(name, "") for name in names] == names


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        ("ftp://host/a.jpg", "bad_scheme"),
        ("data:image/gif;base64,AA", "bad_scheme"),
        ("s3://bucket/a.jpg", "bad_scheme"),
        ("//host/a.jpg", "bad_url"),
        ("images.example.org/a.jpg", None),
        ("Dune: Messiah.jpg", None),
    ],
)
def test_what_has_the_form_of_an_address_has_a_reason_of_addresses(image, reason):
    assert address_reason(image) == reason


@pytest.mark.parametrize(
    ("name", "isbn"),
    [
        ("9780141439587.jpg", "9780141439587"),
        ("covers/9780141439587_FC.jpg", "9780141439587"),
        ("978-0-14-143958-7.png", "9780141439587"),
        ("0141439580.jpg", "9780141439587"),
        ("9780141439587_front.tif", "9780141439587"),
        ("ISBN_9780141439587.jpg", "9780141439587"),
        ("isbn13-978-0-14-143958-7.jpg", "9780141439587"),
        ("cover-0141439580-L.jpg", "9780141439587"),
        ("9780141439587_600x900.jpg", "9780141439587"),
        ("9780141439587 (1).jpg", "9780141439587"),
        ("9780141439587_BC.jpg", None),
        ("cover_9780141439587_back.jpg", None),
        ("isbn 9780141439588.jpg", None),
        ("9780141439588.jpg", None),
        ("97801414395871.jpg", None),
        ("Emma.jpg", None),
    ],
)
def test_an_image_named_by_isbn_is_the_front_cover_of_that_book(name, isbn):
    found = isbn_of_name(name)
    assert (found[0] if found else None) == isbn


def test_of_several_images_of_an_isbn_the_plain_name_counts():
    files = ImageFiles(["9780141439587_FC.jpg", "9780141439587.jpg", "9780141439587_BC.jpg"])
    assert files.by_isbn == {"9780141439587": "9780141439587.jpg"}


def test_each_of_twelve_thousand_files_is_found_in_a_tree_and_flat():
    flat = [f"{number:05}.jpg" for number in range(12_000)]
    tree = [f"{number % 30}/{number % 7}/{number:05}.jpg" for number in range(12_000)]
    for names in (flat, tree):
        files = ImageFiles(names)
        assert [files.find(f"dataset\\{name}", "") for name in names] == names
