"""The commands about the platform's state as a whole: what to keep of it."""

import getpass

from pydantic import BaseModel, Field
from pydantic_settings import CliImplicitFlag

from dustjacket.cli.context import console, open_store
from dustjacket.errors import BadInputError
from dustjacket.settings import load_settings


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


def _version(name: str) -> tuple[str, str]:
    kind, _, version = name.partition("/")
    if not kind or not version or "/" in version:
        raise BadInputError(f"{name!r} is no version: name it as <kind>/<version>")
    return kind, version
