"""Reservations of text and data mining."""

import pytest

from tests.support.onix import descriptive, titled, values_of


def usage(kind, status):
    return (
        f"<EpubUsageConstraint><EpubUsageType>{kind}</EpubUsageType>"
        f"<EpubUsageStatus>{status}</EpubUsageStatus></EpubUsageConstraint>"
    )


def price(kind, status, tag="PriceConstraintStatus"):
    return (
        "<ProductSupply><SupplyDetail><Price><PriceConstraint>"
        f"<PriceConstraintType>{kind}</PriceConstraintType><{tag}>{status}</{tag}>"
        "</PriceConstraint></Price></SupplyDetail></ProductSupply>"
    )


def licence(kind):
    return (
        "<EpubLicense><EpubLicenseName>House licence</EpubLicenseName><EpubLicenseExpression>"
        f"<EpubLicenseExpressionType>{kind}</EpubLicenseExpressionType>"
        "<EpubLicenseExpressionLink>https://example.org/policy.json</EpubLicenseExpressionLink>"
        "</EpubLicenseExpression></EpubLicense>"
    )


def mining(described="", supply=""):
    return values_of(descriptive(described + titled()) + supply).get("text_and_data_mining")


@pytest.mark.parametrize(
    ("described", "supply", "expected"),
    [
        ("", "", None),
        (usage("11", "01"), "", "allowed"),
        (usage("11", "02"), "", "reserved"),
        (usage("11", "03"), "", "reserved"),
        (usage("11", ""), "", "reserved"),
        (usage("02", "03"), "", None),
        (usage("02", "03") + usage("11", "03"), "", "reserved"),
        ("", price("11", "03"), "reserved"),
        ("", price("11", "03", "EpubUsageStatus"), "reserved"),
        ("", price("11", "01"), "allowed"),
        ("", price("07", "03"), None),
        (usage("11", "01"), price("11", "03"), "reserved"),
        (licence("20"), "", "reserved"),
        (licence("01"), "", None),
        (usage("11", "01") + licence("20"), "", "allowed"),
    ],
)
def test_a_reservation_is_read_wherever_it_is_written(described, supply, expected):
    assert mining(described, supply) == expected


def test_the_name_of_a_licence_is_kept():
    assert values_of(descriptive(licence("01") + titled()))["rights"] == "House licence"
