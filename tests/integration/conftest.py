"""Storage for tests that need no platform: one S3 server, a bucket for each module."""

import os
import shutil
from contextlib import chdir
from unittest import mock

import mlflow
import pytest
from rich.console import Console

from dustjacket.platform.object_store import object_store
from dustjacket.storage.store import Store
from tests.conftest import WORKER, fresh_home


@pytest.fixture(scope="package")
def s3_server():
    """Settings of an S3 server that runs as long as these tests do."""
    home = fresh_home(f"storage{WORKER}")
    # Starting it sets Spark's variables: they are put back at the end.
    variables = mock.patch.dict(os.environ, {"DUSTJACKET_HOME": str(home)})
    with variables, object_store(home, Console(quiet=True)) as settings:
        yield settings


@pytest.fixture(scope="package")
def empty_mlflow(s3_server):
    """MLflow's database before any run: making its tables takes seconds, copying it none."""
    database = s3_server.home / "empty.db"
    with chdir(s3_server.home):
        mlflow.MlflowClient(f"sqlite:///{database}").search_experiments()
    return database


@pytest.fixture(scope="module")
def store(s3_server, empty_mlflow, request):
    """The store of a bucket, and of an MLflow database, that the module has to itself."""
    name = request.module.__name__.removeprefix("tests.integration.")
    name = name.replace(".", "-").replace("_", "-")
    database = shutil.copy(empty_mlflow, s3_server.home / f"{name}.db")
    settings = s3_server.model_copy(update={"bucket": name, "mlflow_uri": f"sqlite:///{database}"})
    store = Store(settings)
    store.ensure_bucket()
    return store
