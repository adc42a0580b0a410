import os

from hypothesis import given
from hypothesis import strategies as st

from dustjacket.covers.locate import is_safe_path


@given(st.text(max_size=30) | st.text("./\\a\0", max_size=12))
def test_a_safe_path_stays_below_its_folder(path):
    if is_safe_path(path):
        assert f"{os.path.normpath(f'/root/{path}')}/".startswith("/root/")
