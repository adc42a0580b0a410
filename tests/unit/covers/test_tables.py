from hypothesis import given
from hypothesis import strategies as st

from dustjacket.covers.tables import row_of_image


@given(st.text(min_size=1, max_size=60))
def test_any_file_name_has_a_title_or_a_reason(name):
    row = row_of_image(name, 0)
    assert bool(row["title"]) != (row["reason"] == "no_title")
