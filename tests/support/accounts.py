"""Accounts for tests."""

from functools import partial
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from werkzeug.security import generate_password_hash

from dustjacket.cli.airflow_api import AirflowApi
from dustjacket.platform import accounts, logins
from dustjacket.platform.accounts import change_accounts, new_account
from dustjacket.settings import Settings

PASSWORDS = {name: f"the password of {name}" for name in ("vera", "ulf", "olga", "ada")}
PEOPLE = {name: (name, password) for name, password in PASSWORDS.items()}
ROLES = dict(zip(PASSWORDS, ("viewer", "user", "op", "admin"), strict=True))


def quicken_hashes(patch: pytest.MonkeyPatch) -> None:
    """Make hashes that take no time, for tests that make and check many."""
    quick = partial(generate_password_hash, method="scrypt:1024:8:1")
    for module in (accounts, logins):
        patch.setattr(module, "generate_password_hash", quick)


def add_people(home: Path) -> None:
    """Add an account of each role: vera, ulf, olga and ada."""
    with change_accounts(home) as people:
        for name, role in ROLES.items():
            people[name] = new_account(name, role, PASSWORDS[name])


def api_of(platform: Settings, name: str) -> AirflowApi:
    """Return a client of Airflow's API that acts as a person."""
    login = {"airflow_user": name, "airflow_password": SecretStr(PASSWORDS[name])}
    return AirflowApi(platform.model_copy(update=login))


def log_in(platform: Settings, name: str, password: str) -> httpx.Response:
    """Return Airflow's response to a login."""
    login = {"username": name, "password": password}
    return httpx.post(f"{platform.airflow_url}/auth/token", json=login, timeout=30)
