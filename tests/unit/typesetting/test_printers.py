from datetime import date

import pytest

from dustjacket.errors import BadInputError
from dustjacket.typesetting.printers import (
    WrapOptions,
    printers,
    profile_for,
    spine_width,
    trim_pixels,
)


def test_every_profile_has_its_source_and_date():
    for profile in printers().values():
        assert all(source.startswith("https://") for source in profile.sources)
        assert profile.sources
        assert profile.read >= date(2026, 1, 1)


def test_a_spine_is_pages_times_paper():
    assert spine_width(WrapOptions(paper="white", pages=200)) == pytest.approx(0.4504)
    lulu = WrapOptions(printer="lulu", paper="white", pages=200)
    assert spine_width(lulu) == pytest.approx(200 / 444 + 0.06, abs=1e-4)
    assert trim_pixels(WrapOptions(trim="6x9", pages=200)) == (1920, 2880)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"printer": "nobody", "pages": 100}, "printer 'nobody' is unknown: kdp, lulu"),
        ({"trim": "4x4", "pages": 100}, "no trim '4x4': choose one of 5x8"),
        ({"paper": "silk", "pages": 100}, "no paper 'silk'"),
        ({"pages": 10}, "prints 24 to 828 pages, not 10"),
    ],
)
def test_what_a_printer_does_not_offer_is_named(options, message):
    with pytest.raises(BadInputError, match=message):
        profile_for(WrapOptions(**options))
