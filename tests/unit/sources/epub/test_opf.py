"""A package file as a listing of one book."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.sources.csv import WHOLE
from dustjacket.sources.epub.opf import MAX_PACKAGE, OPF
from dustjacket.sources.tables import ReadOptions
from tests.support.epub import opf

GOOD = opf("<dc:title>The Key</dc:title>")


def read(body):
    stream = io.BytesIO(body)
    (row,) = OPF.rows(stream, OPF.shape(stream, ReadOptions()), WHOLE)
    return row.reason or row.values.get("title")


def test_a_package_file_is_one_book():
    assert OPF.matches(GOOD, "x")
    assert read(GOOD) == "The Key"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (GOOD[:-20], "malformed_xml"),
        (b"", "malformed_xml"),
        (b"<html/>", "no_package"),
        (b"<!DOCTYPE p [<!ENTITY a 'b'>]>" + GOOD[38:], "malformed_xml"),
        (b"<package>" + b"<a>" * 5000, "malformed_xml"),
        (GOOD + b" " * MAX_PACKAGE, "record_too_long"),
    ],
    ids=range(6),
)
def test_a_broken_file_costs_itself_only(body, reason):
    assert read(body) == reason


@pytest.mark.parametrize("body", [b"<package", b"title,author", b"<html>", b"PK\x03\x04<package "])
def test_other_files_are_no_package(body):
    assert not OPF.matches(body, "x.opf")


@given(st.binary(max_size=200), st.integers(0, 400))
def test_any_bytes_end_in_one_row(noise, cut):
    read(GOOD[:cut] + noise + GOOD[cut:])
