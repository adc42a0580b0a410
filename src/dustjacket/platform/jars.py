"""Java libraries that no Python package contains, downloaded once at pinned versions."""

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from rich.console import Console
from tenacity import retry, stop_after_attempt

from dustjacket.errors import DustjacketError

S3PROXY = "org.gaul:s3proxy:4.1.0"
# S3Proxy's POM resolves an older version, with which it does not start.
S3PROXY_ANNOTATIONS = "com.fasterxml.jackson.core:jackson-annotations:2.22"


def s3proxy_jars(folder: Path, console: Console) -> Path:
    """Return the folder of S3Proxy and its libraries; download it if it is missing.

    The libraries of other stores than a local folder are left out.
    """

    def fetch(draft: Path) -> None:
        import jgo

        with tempfile.TemporaryDirectory(dir=folder) as cache:
            environment = jgo.build(f"{S3PROXY}+{S3PROXY_ANNOTATIONS}", cache_dir=Path(cache))
            _copy(environment.all_jars, draft, _pins("s3proxy"))

    return _once(folder, "s3proxy", "S3Proxy (57 MB, of which 22 MB are kept)", fetch, console)


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
            _copy(jars, draft, _pins("s3a"))

    return _once(folder, "s3a", "S3 for Spark (19 MB)", fetch, console)


def _pins(name: str) -> dict[str, str]:
    """Return the SHA-256 of each jar, from a file that ``sha256sum --check`` reads too."""
    lines = Path(__file__).with_name(f"{name}.sha256").read_text().splitlines()
    return {jar: digest for digest, jar in (line.split("  ") for line in lines)}


def _copy(jars: Iterable[Path], draft: Path, pins: dict[str, str]) -> None:
    for jar in jars:
        if jar.name in pins:
            shutil.copy(jar, draft)
    if fault := _fault(draft, pins):
        raise OSError(fault)


def _fault(folder: Path, pins: dict[str, str]) -> str | None:
    """Return how a folder differs from its pins, or None."""
    found = {path.name: path for path in folder.iterdir()}
    if missing := sorted(pins.keys() - found.keys()):
        return f"{missing[0]} is missing"
    if added := sorted(found.keys() - pins.keys()):
        return f"{added[0]} does not belong there"
    for name, path in found.items():
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != pins[name]:
                return f"{name} is not the jar that Dustjacket was tested with"
    return None


def _once(
    folder: Path, name: str, shown: str, fetch: Callable[[Path], None], console: Console
) -> Path:
    """Return the folder of the pinned jars ``name`` below ``folder``, verified.

    If it is missing, ``fetch`` fills it, completely or not at all. Other pins are another folder.
    """
    pins = _pins(name)
    digest = hashlib.sha256("".join(sorted(pins.values())).encode()).hexdigest()
    target = folder / f"{name}-{digest[:12]}"
    if target.exists():
        if fault := _fault(target, pins):
            raise DustjacketError(f"{target}: {fault}; delete this folder, and start again")
        return target
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    console.print(f"downloading {shown} (first start only)")
    draft = Path(tempfile.mkdtemp(dir=folder))
    try:
        retry(stop=stop_after_attempt(3), reraise=True)(fetch)(draft)
    except Exception as error:
        shutil.rmtree(draft)
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DustjacketError(
            f"could not download {shown}: {reason}; check the network connection and try again"
        ) from error
    os.replace(draft, target)  # noqa: PTH105
    console.print(f"downloaded {shown} in {time.monotonic() - began:.0f} s")
    return target
