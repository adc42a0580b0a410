"""``dustjacket promote``: a version from this environment to another."""

import getpass

from pydantic import BaseModel, Field
from pydantic_settings import CliPositionalArg
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from dustjacket.cli.context import console, open_store
from dustjacket.errors import NotReadyError


class Promote(BaseModel):
    """Copy a version and all that it needs to another environment, and put it in use there."""

    kind: CliPositionalArg[str] = Field(description="kind of the version, such as cover_clip")
    version: CliPositionalArg[str | None] = Field(None, description="empty: the one in use")
    to: str = Field(description="environment that gets it; unnamed: the one without a name")
    comment: str = Field("", max_length=500, description="why; recorded in both environments")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.pipeline.steps import in_use, why_none
        from dustjacket.storage.store import Store
        from dustjacket.upkeep.environments import UNNAMED, send

        source = open_store()
        env = "" if self.to == UNNAMED else self.to
        target = Store(source.settings.for_environment(env))
        version = self.version
        if not version:
            if (found := in_use(source, self.kind)) is None:
                raise NotReadyError(why_none(source, self.kind))
            version = found.version
        who = getpass.getuser()
        shown = Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(),
            console=console, transient=True,
        )  # fmt: skip
        with shown:
            bar = shown.add_task("", total=None)

            def progress(name: str, done: int, total: int) -> None:
                shown.update(bar, description=name, completed=done, total=total)

            sent = send(
                source, target, self.kind, version, who=who, why=self.comment, progress=progress
            )
        console.print(
            f"{sent.version} is in use in {self.to}, with {len(sent.record.needed)} versions that "
            f"it needs; {sent.copied:,} bytes were copied (record {sent.record.number})",
            soft_wrap=True,
        )
