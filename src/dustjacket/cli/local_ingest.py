"""One ingestion on this machine, into a folder, without Airflow or a running platform."""

import contextlib
import errno
import fcntl
import logging
import os
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import psutil
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from dustjacket.errors import BadInputError, DustjacketError
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.plan import Plan, plan_step
from dustjacket.pipeline.step import Step
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.records.parameters import SOURCES
from dustjacket.settings import home, load_settings
from dustjacket.sources.roots import allow
from dustjacket.storage.folder import FOLDER_BUCKET
from dustjacket.storage.host import private_folder
from dustjacket.storage.manifest import MANIFEST, Manifest
from dustjacket.storage.store import Store

EXIT_TERMINATED = 128 + signal.SIGTERM
_ENDINGS = {signal.SIGTERM: "terminated", signal.SIGINT: "interrupted"}
_PREFIX, _LOCK = ".ingest-", "lock"
_DOWNLOADS = "fetched"
"""Keys of downloads, which the next run may use again."""
_MAX_DOWNLOADS = 8 << 30


def ingest(step: Step, overrides: dict[str, Any], out: Path, console: Console) -> Manifest:
    """Run an ingestion step and write the version that it publishes into a folder.

    The files and their digest equal those that the platform would publish. The folder appears when
    all is written.

    Args:
        overrides: parameters of the step; the others have their defaults.
        out: a folder that does not exist, or is empty.

    Raises:
        BadInputError: the folder is not empty, or the source is wrong.
        DustjacketError: the machine does not let it read or write.
    """
    _check_free(out)
    with _faults_in_one_line(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        with _scratch_folder(out.parent) as scratch:
            store = _store(scratch, *(overrides.get(name, "") for name in SOURCES))
            manifest = _run(step, overrides, store, console)
            whole = scratch / "store" / manifest.prefix
            (whole / MANIFEST).write_text(manifest.model_dump_json(by_alias=True, indent=2))
            if out.exists():
                out.rmdir()
            whole.rename(out)
    return manifest


@contextlib.contextmanager
def local_store(*sources: str) -> Iterator[Store]:
    """Yield an empty store in a temporary folder, from which sources can be read."""
    folder = Path(tempfile.gettempdir())
    faults = _faults_in_one_line(folder / "preview")
    with faults, _scratch_folder(folder) as scratch:
        yield _store(scratch, *sources)


def _store(scratch: Path, *sources: str) -> Store:
    alone = {
        "home": scratch,
        "folder": scratch / "store",
        "bucket": FOLDER_BUCKET,
    }
    store = Store(load_settings().with_secrets_of("s3").model_copy(update=alone))
    store.ensure_bucket()
    for source in sources:
        allow(source, store.settings)
    _keep_downloads(scratch / "store")
    return store


def _run(step: Step, overrides: dict[str, Any], store: Store, console: Console) -> Manifest:
    plan = plan_step(step, store, TeamDefaults(), datetime.now(UTC), overrides)
    if not isinstance(plan, Plan):
        raise TypeError(f"{plan}: only a step that reads a source can run by itself")
    job: Job[Any] = Job.of(plan, store)
    with _progress(console):
        step.load_function()(job, None)
    return store.manifest(job.draft.kind, job.draft.version)


def _check_free(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInputError(f"{str(out)!r} is not empty: name a new folder with --out")


@contextlib.contextmanager
def _scratch_folder(parent: Path) -> Iterator[Path]:
    """Create a folder for the block, where temporary files are too, and delete it after.

    Folders of runs that were killed are deleted first: nobody holds their lock.
    """
    for abandoned in parent.glob(f"{_PREFIX}*/{_LOCK}"):
        with contextlib.suppress(OSError), abandoned.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(abandoned.parent, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=parent, prefix=_PREFIX))
    before = os.environ.get("TMPDIR"), tempfile.tempdir
    try:
        with (folder / f"{_LOCK}.new").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            (folder / f"{_LOCK}.new").rename(folder / _LOCK)  # it is never there without its lock
            os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
            with _ended_by_signals(folder):
                yield folder
    finally:
        os.environ.pop("TMPDIR")
        if before[0] is not None:
            os.environ["TMPDIR"] = before[0]
        tempfile.tempdir = before[1]
        shutil.rmtree(folder, ignore_errors=True)


def _keep_downloads(store: Path) -> None:
    """Let downloads be kept outside of the run's folder, if there is a place for them."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dustjacket"
    cache = home() / "cache" if home().is_dir() else caches
    with contextlib.suppress(DustjacketError):
        downloads = private_folder(cache / _DOWNLOADS)
        delete_oldest(downloads, _MAX_DOWNLOADS)
        (store / _DOWNLOADS).symlink_to(downloads)


def delete_oldest(folder: Path, max_bytes: int) -> None:
    """Delete the files below a folder that were written first, until the others fit."""
    files = []
    for file in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # another run deletes too
            if stat.S_ISREG((state := file.lstat()).st_mode):
                files.append((state.st_mtime, state.st_size, file))
    total = sum(size for _, size, _ in files)
    for _, size, file in sorted(files):
        if total <= max_bytes:
            return
        file.unlink(missing_ok=True)
        total -= size


@contextlib.contextmanager
def _ended_by_signals(folder: Path) -> Iterator[None]:
    """Let SIGTERM and SIGINT end this process in the block, its children and ``folder`` at once.

    An exception would be raised anywhere, also inside of libraries that do not let it through.
    """

    def end(number: int, _frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        if sys.stdout.isatty():
            Console().show_cursor()
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        shutil.rmtree(folder, ignore_errors=True)
        print(f"dustjacket: {_ENDINGS[signal.Signals(number)]}", file=sys.stderr, flush=True)
        os._exit(128 + number)

    before = {number: signal.signal(number, end) for number in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _faults_in_one_line(out: Path) -> Iterator[None]:
    """Turn failures of the machine into one line that names the place and the cure."""
    try:
        yield
    except OSError as error:
        raise DustjacketError(_fault(error, out)) from error


def _fault(error: OSError, out: Path) -> str:
    place = error.filename or out.parent
    if error.errno == errno.EROFS:
        return f"{place} is on a read-only disk: name a folder on another one with --out"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        existing = next(folder for folder in out.parents if folder.exists())
        free = shutil.disk_usage(existing).free
        limit = "the quota of this account" if error.errno == errno.EDQUOT else "the disk"
        return (
            f"{limit} is full: {free / 2**20:,.0f} MiB are free at {existing}, and an ingestion "
            "needs about three times its source; free space, or name a folder on another disk "
            "with --out"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{place} may not be read or written by this account: change its permissions"
    if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
        return f"another run has written to {out}: name a new folder with --out"
    return f"{place}: {error.strerror or error}"


@contextlib.contextmanager
def _progress(console: Console) -> Iterator[None]:
    """Show the last log message of the step, and the time."""
    shown = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    bar = shown.add_task("starting", total=None)

    class LastMessage(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            shown.update(bar, description=record.getMessage()[:70])

    handler = LastMessage(logging.INFO)
    logger = logging.getLogger("dustjacket")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    with shown:
        try:
            yield
        finally:
            logger.removeHandler(handler)
