import pytest

from dustjacket.storage.store import Store
from tests.conftest import STATE
from tests.support.seaweedfs import seaweedfs


@pytest.fixture(scope="package")
def seaweedfs_server():
    """Settings of a SeaweedFS that runs as long as these tests do."""
    with seaweedfs(STATE / "test-seaweedfs") as settings:
        yield settings


@pytest.fixture(scope="module", params=["s3_server", "seaweedfs_server"])
def store(request):
    """The store of a bucket that the module has to itself, on servers of two makes."""
    server = request.getfixturevalue(request.param)
    name = request.module.__name__.rpartition(".")[2].replace("_", "-")
    store = Store(server.model_copy(update={"bucket": name}))
    store.ensure_bucket()
    return store
