"""The commands about people's accounts: add, remove, change the password, list."""

import secrets
import sys
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field
from pydantic_settings import CliApp, CliImplicitFlag, CliPositionalArg, CliSubCommand
from rich.table import Table

from dustjacket.cli.context import console, print_json
from dustjacket.errors import BadInputError
from dustjacket.settings import home, load_settings

if TYPE_CHECKING:
    from dustjacket.platform.accounts import Account

_RESERVED = ("admin", "dustjacket")


class AddUser(BaseModel):
    """Add an account for Airflow, the Studio and MLflow.

    The password is read from the terminal, or else from the first line of standard input.
    """

    name: CliPositionalArg[str] = Field(description="name, as the ledger will show it")
    role: str = Field(
        "viewer",
        description="viewer: look, ask the Studio; user: also trigger runs; "
        "op: also approve, roll back; admin: everything",
    )
    generate: CliImplicitFlag[bool] = Field(False, description="generate the password")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.platform.accounts import change_accounts, load_accounts, new_account

        if self.name in _own_names():
            raise BadInputError(f"{self.name!r} is the platform's own account: use another name")
        exists = BadInputError(
            f"{self.name!r} has an account: change its password with `dustjacket users passwd`, or "
            "remove it to add it with another role"
        )
        if self.name in load_accounts(home()):
            raise exists
        account = new_account(self.name, self.role, password := _new_password(self))
        with change_accounts(home()) as accounts:
            if self.name in accounts:
                raise exists
            accounts[self.name] = account
        if self.generate:
            _hand_over(self.name, password)
        console.print(f"{self.name} can log in, as {self.role}")


class ChangePassword(BaseModel):
    """Change the password of an account; who is logged in with it must log in again.

    The password is read from the terminal, or else from the first line of standard input.
    """

    name: CliPositionalArg[str] = Field(description="name of the account")
    generate: CliImplicitFlag[bool] = Field(False, description="generate the password")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.platform.accounts import change_accounts, load_accounts, new_account

        _account(load_accounts(home()), self.name)
        password = _new_password(self)
        with change_accounts(home()) as accounts:
            role = _account(accounts, self.name).role
            accounts[self.name] = new_account(self.name, role, password)
        _password_file(self.name).unlink(missing_ok=True)
        if self.generate:
            _hand_over(self.name, password)
        console.print(f"{self.name} has a new password")


class RemoveUser(BaseModel):
    """Remove an account; who is logged in with it can do nothing more."""

    name: CliPositionalArg[str] = Field(description="name of the account")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.platform.accounts import change_accounts

        with change_accounts(home()) as accounts:
            del accounts[_account(accounts, self.name).name]
        _password_file(self.name).unlink(missing_ok=True)
        console.print(f"{self.name} is removed")


class ListUsers(BaseModel):
    """List the accounts and their roles."""

    as_json: CliImplicitFlag[bool] = Field(False, alias="json", description="print JSON")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.platform.accounts import load_accounts

        accounts = load_accounts(home()).values()
        if self.as_json:
            print_json([{"name": account.name, "role": account.role} for account in accounts])
            return
        table = Table("name", "role", box=None)
        for account in accounts:
            table.add_row(account.name, account.role)
        console.print(table)
        console.print("the platform's own account, an admin, is in credentials.json")


class Users(BaseModel):
    """Add, remove, change and list the accounts of people."""

    add: CliSubCommand[AddUser] = Field(
        description="Add an account for Airflow, the Studio and MLflow"
    )
    remove: CliSubCommand[RemoveUser] = Field(description="Remove an account")
    passwd: CliSubCommand[ChangePassword] = Field(description="Change the password of an account")
    list: CliSubCommand[ListUsers] = Field(description="List the accounts and their roles")

    def cli_cmd(self) -> None:
        """Run the subcommand."""
        CliApp.run_subcommand(self)


def _own_names() -> set[str]:
    return {load_settings().airflow_user, *_RESERVED}


def _account(accounts: "dict[str, Account]", name: str) -> "Account":
    if name not in accounts:
        cure = (
            "it is the platform's own, with its password in credentials.json"
            if name in _own_names()
            else "see `dustjacket users list`"
        )
        raise BadInputError(f"{name!r} is no person's account: {cure}")
    return accounts[name]


def _new_password(command: AddUser | ChangePassword) -> str:
    """Return a generated password, or one from the terminal, or else from standard input.

    Raises:
        BadInputError: there is none, or it was repeated differently.
    """
    if command.generate:
        return secrets.token_urlsafe(18)
    if not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise BadInputError("standard input has no password: pipe one, or use --generate")
        return password
    password = getpass(f"password of {command.name}: ")
    if getpass("the same again: ") != password:
        raise BadInputError("the two passwords differ: try again")
    return password


def _password_file(name: str) -> Path:
    return home() / f"password-of-{name}"


def _hand_over(name: str, password: str) -> None:
    """Show a generated password on a terminal, or else write it to a private file."""
    from dustjacket.platform.credentials import write_private

    if sys.stdout.isatty():
        line = f"password of {name}, shown only now: {password}"
    else:
        file = _password_file(name)
        write_private(file, f"{password}\n")
        line = f"the password is in {file}: hand it over, then delete the file"
    console.print(line, highlight=False, soft_wrap=True)
