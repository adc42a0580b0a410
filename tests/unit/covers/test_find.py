"""Where a source says that its covers are, whatever its format, and what it may not name."""

import os

from hypothesis import given
from hypothesis import strategies as st

from dustjacket.covers.find import by_name, is_safe


@given(st.text(max_size=30) | st.text("./\\a\0", max_size=12))
def test_a_safe_path_stays_below_its_folder(path):
    if is_safe(path):
        assert f"{os.path.normpath(f'/root/{path}')}/".startswith("/root/")


@given(st.text(min_size=1, max_size=60))
def test_any_file_name_is_a_row_or_has_a_reason(name):
    row = by_name(name, 0)
    assert bool(row["title"]) != (row["reason"] == "no_title")
