"""The inventory of a bucket with many covers, and what their number costs by measured laws."""

from pathlib import Path

import pytest
import yaml

from tests.benchmarks.scale import MEMORY, PARTS, SIZES, Law, cost, fit, simulated

PRICE = yaml.safe_load((Path(__file__).parents[3] / "docs" / "price.yaml").read_text())


def test_the_metadata_of_ten_million_covers_are_read_in_few_calls_and_little_memory():
    small, large = simulated(1_000_000), simulated(10_000_000)
    assert (small["shards"], large["shards"]) == (1_000, 10_000)
    assert large["listing calls"] - small["listing calls"] == 9, "a call lists 1,000 objects"
    assert large["manifest, MiB"] < 2
    assert large["inventory, MiB"] < 20


def test_a_law_is_fitted_to_what_was_measured():
    sizes = [10, 40, 160] * 2
    law = fit(sizes, [2 * size**1.5 for size in sizes], of_memory=False)
    assert (law.unit, law.exponent) == pytest.approx((2, 1.5))
    assert law.at(1000) == pytest.approx(2 * 1000**1.5)
    line = fit(sizes, [300 + 0.5 * size for size in sizes], of_memory=True)
    assert line.at(1_000_000) == pytest.approx(500_300)
    assert line.low == pytest.approx(line.high)


@pytest.mark.parametrize(
    ("part", "figure", "unit", "first"),
    [
        ("search", MEMORY, 1.0, "search: memory"), ("covers", MEMORY, 1.0, "covers: memory"),
        ("listing", "processor seconds", 1e3, "listing: hours on 16 cores"),
        ("search", "seconds a query", 1e-3, "search: seconds a query"),
    ],
)  # fmt: skip
def test_what_hurts_first_is_what_is_nearest_to_its_limit(part, figure, unit, first):
    figures = ("processor seconds", MEMORY, "stored bytes", "seconds a query")
    laws = {name: {key: Law(0, 1e-9, 1, 1, 1) for key in figures} for name in PARTS}
    cheap = cost(1_000_000, laws, PRICE)
    laws[part][figure] = Law(0, unit, 1, 1, 1)
    found = cost(1_000_000, laws, PRICE)
    assert found["first to hurt"].startswith(first)
    assert found["once"] >= cheap["once"]
    assert found["covers"] in SIZES
