"""A Studio whose models never change."""

import pytest

from tests.support.studio_case import make_app, running


@pytest.fixture(scope="package")
def studio(tmp_path_factory):
    with running(make_app(tmp_path_factory.mktemp("studio"))) as client:
        yield client
