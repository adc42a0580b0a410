"""Values of JSON of unknown quality, and when a file is of a data set."""

import pytest

from dustjacket.sources.datasets.json_objects import (
    json_format,
    object_of,
    objects_in,
    text_in,
    texts_in,
)

FORMAT = json_format("own", ("a", "b"), lambda values: {"title": values["a"], "genre": ""})


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b'{"a": 1, "b": 2}\n', True),
        (b'\xef\xbb\xbf\n {"b": 1, "a": 2}\n', True),
        (b'not json\n{"a": 1, "b": 2}\n', True),
        (b'{"a": 1}\n{"b": 2}\n', False),
        (b'{\n "a": 1,\n "b": 2\n}', False),
        (b'"a","b"\n1,2\n', False),
        (b"", False),
    ],
)
def test_a_file_is_of_a_data_set_if_an_object_has_its_keys(head, expected):
    assert FORMAT.matches(head, "x.json") is expected


@pytest.mark.parametrize("value", [None, "", 1, 1.5, True, [], {}, [None, 1, {}, [], " "]])
def test_values_of_another_type_are_missing(value):
    assert texts_in(value) == []
    assert [found for found in objects_in(value) if found] == []
    assert dict(object_of(value)) == {}


def test_numbers_are_texts():
    assert [text_in(value) for value in (7, "7", ["", "7"], True, None, 7.5)] == [
        "7", "7", "7", "", "", ""
    ]  # fmt: skip
