"""The image that a value of a table means."""

import pytest

from dustjacket.covers.image_values import image_in


@pytest.mark.parametrize(
    ("value", "image"),
    [
        (" img/a.jpg ", "img/a.jpg"),
        ("img/two  blanks.jpg", "img/two  blanks.jpg"),
        ("http://host/a.jpg\u200b", "http://host/a.jpg"),
        ("['img/a.jpg']", "img/a.jpg"),
        ('["img/a.jpg", "img/b.jpg"]', "img/a.jpg"),
        ([{"large": "l.jpg", "thumb": "t.jpg", "variant": "MAIN"}], "l.jpg"),
        ([{"hi_res": None, "large": "l.jpg"}], "l.jpg"),
        ({"smallThumbnail": "s.jpg", "thumbnail": "t.jpg"}, "s.jpg"),
        ([{"url": "s", "width": 1, "height": 2}, {"url": "l", "width": 10, "height": 20}], "l"),
        ({"bytes": b"JPEG", "path": "a.jpg"}, b"JPEG"),
        ({"bytes": None, "path": "a.jpg"}, "a.jpg"),
        (b"JPEG", b"JPEG"),
        ([], None),
        ({}, None),
        ("", None),
        (None, None),
        (3, None),
        ("[not a list].jpg", "[not a list].jpg"),
        ("[broken]", "[broken]"),
    ],
)  # fmt: skip
def test_the_largest_image_of_a_value_is_taken(value, image):
    assert image_in(value) == image


def test_deep_values_are_given_up():
    value = "a.jpg"
    for _ in range(2000):
        value = [value]
    assert image_in(value) is None
    assert image_in("[" * 5000 + "]" * 5000) is not None
