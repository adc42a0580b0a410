"""A source's fingerprint depends on its content only; a missing source is a one-line error."""

import pytest

from dustjacket.errors import BadInputError
from dustjacket.settings import Settings
from dustjacket.sources.files import fingerprint


def test_the_fingerprint_follows_content_not_place_or_time(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder / "inner").mkdir(parents=True)
        (tmp_path / folder / "inner" / "x.csv").write_text("1")
    one, other = (fingerprint(str(tmp_path / folder), Settings()) for folder in ("a", "b"))
    assert one == other
    (tmp_path / "b" / "inner" / "x.csv").write_text("2")
    assert fingerprint(str(tmp_path / "b"), Settings()) != one


def test_a_renamed_file_changes_the_fingerprint_of_its_folder(tmp_path):
    (tmp_path / "x.csv").write_text("1")
    before = fingerprint(str(tmp_path), Settings())
    (tmp_path / "x.csv").rename(tmp_path / "y.csv")
    assert fingerprint(str(tmp_path), Settings()) != before


def test_a_missing_source_names_itself(tmp_path):
    with pytest.raises(BadInputError, match="does not exist"):
        fingerprint(str(tmp_path / "absent.csv"), Settings())


def test_an_empty_folder_is_no_source(tmp_path):
    with pytest.raises(BadInputError, match="an empty folder"):
        fingerprint(str(tmp_path), Settings())
