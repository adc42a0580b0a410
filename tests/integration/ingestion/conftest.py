import pytest

from tests.conftest import interpret
from tests.support.stores import bench


@pytest.fixture(scope="package")
def alone():
    with bench("ingestion") as ready:
        interpret(ready.spark)
        yield ready
