"""The commands about named tokens of scripts: add, list, remove."""

from pydantic import BaseModel, Field
from pydantic_settings import CliApp, CliImplicitFlag, CliPositionalArg, CliSubCommand
from rich.table import Table

from dustjacket.cli.context import console, print_json
from dustjacket.errors import BadInputError
from dustjacket.settings import home


class AddToken(BaseModel):
    """Add a token for a script, which sends it as `Authorization: Bearer TOKEN`.

    It is printed on a terminal once, or else written to a private file.
    """

    name: CliPositionalArg[str] = Field(description="name, as lists show it")
    scopes: str = Field(
        "ask",
        description="some of ask (genres, covers, matches), create (new covers) and trigger "
        "(Airflow's API: read, start runs), separated by commas",
    )

    def cli_cmd(self) -> None:
        """Run the command."""
        import sys

        from dustjacket.platform.credentials import write_private
        from dustjacket.platform.tokens import change_tokens, new_token

        record, token = new_token(self.name, filter(None, self.scopes.split(",")))
        with change_tokens(home()) as tokens:
            if self.name in tokens:
                raise BadInputError(
                    f"{self.name!r} exists: remove it with `dustjacket tokens remove`, or use "
                    "another name"
                )
            tokens[self.name] = record
        if sys.stdout.isatty():
            console.print(f"token of {self.name}, shown only now: {token}", soft_wrap=True)
            return
        file = home() / f"token-of-{self.name}"
        write_private(file, f"{token}\n")
        console.print(f"the token is in {file}: move it to its script", soft_wrap=True)


class ListTokens(BaseModel):
    """List the tokens and their scopes; the tokens themselves are not kept."""

    as_json: CliImplicitFlag[bool] = Field(False, alias="json", description="print JSON")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.platform.tokens import load_tokens

        tokens = load_tokens(home()).values()
        if self.as_json:
            shown = {"name", "scopes", "created_at"}
            print_json([each.model_dump(mode="json", include=shown) for each in tokens])
            return
        table = Table("name", "scopes", "since", box=None)
        for each in tokens:
            table.add_row(each.name, ", ".join(each.scopes), f"{each.created_at:%Y-%m-%d}")
        console.print(table)


class RemoveToken(BaseModel):
    """Remove a token, which is void from then on."""

    name: CliPositionalArg[str] = Field(description="name of the token")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.platform.tokens import change_tokens

        with change_tokens(home()) as tokens:
            if self.name not in tokens:
                raise BadInputError(f"{self.name!r} is no token: see `dustjacket tokens list`")
            del tokens[self.name]
        (home() / f"token-of-{self.name}").unlink(missing_ok=True)
        console.print(f"{self.name} is removed")


class Tokens(BaseModel):
    """Add, list and remove the tokens of scripts."""

    add: CliSubCommand[AddToken] = Field(description="Add a token for a script")
    list: CliSubCommand[ListTokens] = Field(description="List the tokens and their scopes")
    remove: CliSubCommand[RemoveToken] = Field(description="Remove a token")

    def cli_cmd(self) -> None:
        """Run the subcommand."""
        CliApp.run_subcommand(self)
