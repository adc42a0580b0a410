import pytest

from tests.integration.stores import bench


@pytest.fixture(scope="package")
def alone():
    with bench("ingestion") as ready:
        # Compiling takes longer than these small tables do.
        ready.spark.conf.set("spark.sql.codegen.wholeStage", "false")
        ready.spark.conf.set("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        yield ready
