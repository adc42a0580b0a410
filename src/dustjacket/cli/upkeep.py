"""The commands about the platform's state as a whole: retention, backup, restore, repair."""

import getpass
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field
from pydantic_settings import CliImplicitFlag, CliPositionalArg

from dustjacket.cli.context import console, open_store
from dustjacket.errors import BadInputError
from dustjacket.settings import Settings, home, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dustjacket.storage.store import Store
    from dustjacket.upkeep.vault import Vault


class Retention(BaseModel):
    """List, or remove with --apply, versions, runs and logs that nothing needs any more."""

    apply: CliImplicitFlag[bool] = Field(False, description="remove; otherwise only list")
    keep: int | None = Field(
        None, ge=1, description="newest versions of each kind to keep (default: the setting)"
    )
    pin: str = Field("", description="keep this version, <kind>/<version>, until it is unpinned")
    unpin: str = Field("", description="do not keep this version any longer for its own sake")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.upkeep.clean import retain
        from dustjacket.upkeep.inventory import pin, pins, unpin

        store = open_store()
        if self.pin:
            pin(store, *_version(self.pin), getpass.getuser())
        if self.unpin:
            unpin(store, *_version(self.unpin))
        if self.pin or self.unpin:
            for kind, version in sorted(pins(store)):
                console.print(f"pinned: {kind}/{version}")
            return
        retain(store, self.keep or load_settings().retention_keep, console.print, apply=self.apply)


class Backup(BaseModel):
    """Copy all state to a folder: databases, private files, artifacts and the bucket.

    The platform may be at work. What the folder holds already is not copied again.
    """

    target: CliPositionalArg[Path] = Field(description="folder, best on another disk")
    key: Path | None = Field(
        None, description="encrypt with the key in this file, which is made if it does not exist"
    )
    days: int = Field(90, ge=1, description="delete snapshots that are older")
    check: CliImplicitFlag[bool] = Field(
        False, description="back up nothing; read the newest snapshot and compare all digests"
    )

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.upkeep.backup import back_up, check
        from dustjacket.upkeep.seal import load_key
        from dustjacket.upkeep.vault import Vault

        began = time.monotonic()
        key = load_key(self.key, create=not self.check) if self.key else None
        vault = Vault(self.target, key, create=not self.check)
        if self.check:
            number = check(vault, _snapshot(vault, ""))
            console.print(f"{number} contents are as they were ({_since(began)})")
            return
        with _any_store() as store:
            name, files, new = back_up(home(), store, vault)
        expired = vault.expire(self.days)
        console.print(
            f"snapshot {name}: {files} files, of which {new / 1e6:,.1f} MB are new "
            f"({_since(began)}); {expired} snapshots older than {self.days} days are deleted"
        )


class Restore(BaseModel):
    """Write the state of a backup to DUSTJACKET_HOME, which must be empty, and to the bucket."""

    target: CliPositionalArg[Path] = Field(description="folder of the backup")
    snapshot: str = Field("", description="a snapshot's name; empty: the newest")
    key: Path | None = Field(None, description="file of the key that the backup was made with")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.upkeep.backup import check_empty, restore_bucket, restore_home
        from dustjacket.upkeep.seal import load_key
        from dustjacket.upkeep.vault import Vault

        began = time.monotonic()
        key = load_key(self.key, create=False) if self.key else None
        vault = Vault(self.target, key)
        snapshot = _snapshot(vault, self.snapshot)
        check_empty(home())
        files = restore_home(home(), vault, snapshot)
        with _any_store() as store:
            objects = restore_bucket(store, vault, snapshot)
        console.print(
            f"{snapshot} is restored in {home()}: {files} files and {objects} objects, all "
            f"compared ({_since(began)}); `dustjacket up` starts it"
        )


class Forget(BaseModel):
    """List where a book, a cover or an author's books are, or erase them with --apply."""

    what: CliPositionalArg[str] = Field(
        description="ISBN, address of a cover, or name of an author"
    )
    apply: CliImplicitFlag[bool] = Field(False, description="erase; otherwise only list")
    ended: list[str] = Field(
        [], description="step whose job was killed, though it is recorded as at work"
    )

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.upkeep.forget import forget

        forget(
            open_store(), self.what, getpass.getuser(), console.print,
            apply=self.apply, ended=self.ended,
        )  # fmt: skip


class Repair(BaseModel):
    """Make MLflow's registry, its aliases and the team defaults again from the bucket."""

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.cli.airflow_api import AirflowApi
        from dustjacket.cli.run import write_defaults
        from dustjacket.pipeline.team_defaults import VARIABLE
        from dustjacket.upkeep.repair import repair_defaults, repair_registry

        store = open_store()
        repair_registry(store, console.print)
        if store.settings.airflow_url:
            api = AirflowApi(store.settings)
            repair_defaults(
                store, api.variable(VARIABLE), lambda text: write_defaults(api, text),
                console.print,
            )  # fmt: skip


def _since(began: float) -> str:
    return f"{time.monotonic() - began:.0f} s"


def _snapshot(vault: "Vault", name: str) -> str:
    names = vault.snapshots()
    if name and name not in names:
        raise BadInputError(f"there is no snapshot {name!r}: {', '.join(names) or 'none is'} there")
    if not names:
        raise BadInputError("the backup has no snapshot: it was interrupted, so back up again")
    return name or names[-1]


@contextmanager
def _any_store() -> "Iterator[Store]":
    """Open the store of the platform that runs, or start its S3 server alone for the block."""
    from dustjacket.platform import is_up
    from dustjacket.storage.store import Store

    if Settings(_env_file=None).s3_endpoint or is_up():
        yield open_store()
        return
    from dustjacket.platform.object_store import object_store

    with object_store(home(), console) as settings:
        yield Store(settings)


def _version(name: str) -> tuple[str, str]:
    kind, _, version = name.partition("/")
    if not kind or not version or "/" in version:
        raise BadInputError(f"{name!r} is no version: name it as <kind>/<version>")
    return kind, version
