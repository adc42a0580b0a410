"""Java libraries that no wheel carries, fetched once by pinned coordinates."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from tenacity import retry, stop_after_attempt

from dustjacket.errors import DustjacketError

S3PROXY = "org.gaul:s3proxy:4.1.0"
# S3Proxy's own description resolves an older one, with which it does not start.
S3PROXY_ANNOTATIONS = "com.fasterxml.jackson.core:jackson-annotations:2.22"


def s3proxy_jars(folder: Path, console: Console) -> Path:
    """Return the folder of S3Proxy and its 148 libraries, fetched if it is not there."""

    def fetch(draft: Path) -> None:
        import jgo

        with tempfile.TemporaryDirectory(dir=folder) as cache:
            found = jgo.build(f"{S3PROXY}+{S3PROXY_ANNOTATIONS}", cache_dir=Path(cache))
            for jar in found.all_jars:
                shutil.copy(jar, draft)

    return _once(folder / "s3proxy-4.1.0", "S3Proxy (149 jars, 57 MB)", fetch, console)


def s3a_jars(folder: Path, console: Console) -> Path:
    """Return the folder of the jars by which Spark reads and writes S3, fetched if not there."""

    def fetch(draft: Path) -> None:
        from dustjacket.pipeline.spark import EXCLUDES, PACKAGES

        with tempfile.TemporaryDirectory(dir=folder) as ivy:
            nothing = Path(ivy) / "nothing.py"
            nothing.touch()
            done = subprocess.run(
                [
                    "spark-submit",
                    *("--master", "local[1]"),
                    *("--packages", ",".join(PACKAGES)),
                    *("--exclude-packages", ",".join(EXCLUDES)),
                    *("--conf", f"spark.jars.ivy={ivy}"),
                    nothing,
                ],
                capture_output=True,
                text=True,
                check=False,
            )
            jars = list((Path(ivy) / "jars").glob("*.jar"))
            if done.returncode or not jars:
                said = done.stderr.strip().splitlines() or ["no output"]
                raise OSError(next((line for line in said if "Exception" in line), said[-1]))
            for jar in jars:
                shutil.copy(jar, draft)

    return _once(folder / "s3a-3.5.0", "S3 for Spark (52 jars, 19 MB)", fetch, console)


def _once(target: Path, what: str, fetch: Callable[[Path], None], console: Console) -> Path:
    """Return ``target``, made whole by ``fetch`` or not at all."""
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    console.print(f"fetching {what}, once")
    draft = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        retry(stop=stop_after_attempt(3), reraise=True)(fetch)(draft)
    except Exception as error:
        shutil.rmtree(draft)
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DustjacketError(
            f"could not fetch {what}: {reason}; it needs the network this once, then try again"
        ) from error
    os.replace(draft, target)  # noqa: PTH105
    console.print(f"fetched {what} in {time.monotonic() - began:.0f} s")
    return target
