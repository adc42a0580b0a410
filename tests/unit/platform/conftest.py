import pytest

from tests.support.accounts import quicken_hashes


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch):
    quicken_hashes(monkeypatch)
