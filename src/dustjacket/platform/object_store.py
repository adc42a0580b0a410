"""The embedded S3 server alone, as a context manager."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console

from dustjacket.errors import DustjacketError
from dustjacket.platform.credentials import Credentials
from dustjacket.platform.jars import s3a_jars, s3proxy_jars
from dustjacket.platform.java import use_java
from dustjacket.platform.ports import LOOPBACK, free_port
from dustjacket.platform.process_guard import process_guard
from dustjacket.platform.servers import s3_server, write_server_files
from dustjacket.platform.status import is_healthy
from dustjacket.settings import Settings, home
from dustjacket.storage.host import prepare_process
from dustjacket.storage.store import Store

_START_S = 60.0


@contextmanager
def object_store(folder: Path, console: Console) -> Iterator[Settings]:
    """Run an S3 server that stores objects below ``folder``; Spark in this process can use it.

    It stops when the block or this process ends.

    Yields:
        Settings that point to the server; their bucket exists.

    Raises:
        DustjacketError: Java or a library is not available, or the server does not start.
    """
    prepare_process()
    use_java(console)
    jars = home() / "jars"
    s3proxy, s3a = s3proxy_jars(jars, console), s3a_jars(jars, console)
    port = free_port()
    credentials = Credentials()
    settings = Settings(
        _env_file=None,
        home=folder,
        s3_endpoint=f"http://{LOOPBACK}:{port}",
        s3_access_key=SecretStr(credentials.s3_access_key),
        s3_secret_key=SecretStr(credentials.s3_secret_key),
        mlflow_uri=f"sqlite:///{folder / 'mlflow.db'}",
    )
    write_server_files(settings, credentials, sorted(s3a.glob("*.jar")))
    os.environ.update({"SPARK_CONF_DIR": str(folder / "spark-conf"), "SPARK_LOCAL_IP": LOOPBACK})
    server = s3_server(settings, s3proxy)
    with process_guard(), (folder / "s3.log").open("w") as log:
        process = subprocess.Popen(server.command, stdout=log, stderr=log)
        deadline = time.monotonic() + _START_S
        while not is_healthy(server):
            if process.poll() is not None or time.monotonic() > deadline:
                raise DustjacketError(f"the S3 server does not start: see {log.name}")
            time.sleep(0.1)
        Store(settings).ensure_bucket()
        yield settings
