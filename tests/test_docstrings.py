"""Examples in docstrings give what they show."""

import doctest
from importlib import import_module

import pytest

from tests.conftest import ROOT

SOURCES = ROOT / "src"
WITH_EXAMPLES = [
    ".".join(file.relative_to(SOURCES).with_suffix("").parts).removesuffix(".__init__")
    for file in sorted(SOURCES.rglob("*.py"))
    if ">>> " in file.read_text()
]


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_the_examples_of_a_module_hold(module):
    results = doctest.testmod(import_module(module))
    assert results.attempted > 0
    assert results.failed == 0
