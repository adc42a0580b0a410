"""Java libraries that no Python package contains, downloaded once at pinned versions."""

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
# S3Proxy's POM resolves an older version, with which it does not start.
S3PROXY_ANNOTATIONS = "com.fasterxml.jackson.core:jackson-annotations:2.22"


def s3proxy_jars(folder: Path, console: Console) -> Path:
    """Return the folder of S3Proxy and its 148 libraries; download it if it is missing."""

    def fetch(draft: Path) -> None:
        import jgo

        with tempfile.TemporaryDirectory(dir=folder) as cache:
            environment = jgo.build(f"{S3PROXY}+{S3PROXY_ANNOTATIONS}", cache_dir=Path(cache))
            for jar in environment.all_jars:
                shutil.copy(jar, draft)

    return _once(folder / "s3proxy-4.1.0", "S3Proxy (149 jars, 57 MB)", fetch, console)


def s3a_jars(folder: Path, console: Console) -> Path:
    """Return the folder of the jars that let Spark use S3; download it if it is missing."""

    def fetch(draft: Path) -> None:
        from dustjacket.pipeline.spark import EXCLUDES, PACKAGES

        with tempfile.TemporaryDirectory(dir=folder) as ivy:
            empty_job = Path(ivy) / "empty_job.py"
            empty_job.touch()
            done = subprocess.run(
                [
                    "spark-submit",
                    *("--master", "local[1]"),
                    *("--packages", ",".join(PACKAGES)),
                    *("--exclude-packages", ",".join(EXCLUDES)),
                    *("--conf", f"spark.jars.ivy={ivy}"),
                    empty_job,
                ],
                capture_output=True,
                text=True,
                check=False,
            )
            jars = list((Path(ivy) / "jars").glob("*.jar"))
            if done.returncode or not jars:
                lines = done.stderr.strip().splitlines() or ["no output"]
                raise OSError(next((line for line in lines if "Exception" in line), lines[-1]))
            for jar in jars:
                shutil.copy(jar, draft)

    return _once(folder / "s3a-3.5.0", "S3 for Spark (52 jars, 19 MB)", fetch, console)


def _once(target: Path, name: str, fetch: Callable[[Path], None], console: Console) -> Path:
    """Return the folder ``target``; if missing, ``fetch`` fills it, completely or not at all."""
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    console.print(f"downloading {name} (first start only)")
    draft = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        retry(stop=stop_after_attempt(3), reraise=True)(fetch)(draft)
    except Exception as error:
        shutil.rmtree(draft)
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DustjacketError(
            f"could not download {name}: {reason}; check the network connection and try again"
        ) from error
    os.replace(draft, target)  # noqa: PTH105
    console.print(f"downloaded {name} in {time.monotonic() - began:.0f} s")
    return target
