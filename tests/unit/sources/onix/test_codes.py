"""Dates and times of ONIX."""

import pytest

from dustjacket.sources.onix.codes import iso_date, sent_at


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("20240501", "00", "2024-05-01"),
        ("20240501", "", "2024-05-01"),
        ("2024-05-01", "", "2024-05-01"),
        ("202405", "01", "2024-05"),
        ("202405", "", "2024-05"),
        ("202418", "02", "2024"),
        ("20243", "03", "2024"),
        ("2024", "05", "2024"),
        ("2024", "", "2024"),
        ("2024050120240601", "06", "2024-05-01"),
        ("202405202406", "07", "2024-05"),
        ("20232024", "11", "2023"),
        ("20240501T1200", "13", "2024-05-01"),
        ("20240501T120000Z", "14", "2024-05-01"),
        ("Spring 2024", "12", "2024"),
        ("soon", "12", None),
        ("20240230", "00", "2024-02"),
        ("20240000", "00", "2024"),
        ("14451015", "20", None),
        ("00000000", "00", None),
        ("", "00", None),
    ],
)
def test_dates_become_iso_dates(text, form, expected):
    assert iso_date(text, form) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20240501T1200Z", "2024-05-01T12:00:00+00:00"),
        ("2024-05-01T14:00:00+02:00", "2024-05-01T12:00:00+00:00"),
        ("20240501", "2024-05-01T00:00:00+00:00"),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times_of_messages_sort_as_text(text, expected):
    assert sent_at(text) == expected
