"""Credentials, generated at the first start and kept in files that only their owner can read."""

import json
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet
from pydantic import BaseModel, Field, ValidationError

from dustjacket.errors import DustjacketError

CREDENTIALS = "credentials.json"


def _token() -> str:
    return secrets.token_urlsafe(24)


class Credentials(BaseModel):
    """Passwords, keys and tokens of the embedded servers."""

    airflow_password: str = Field(default_factory=_token)
    jwt_secret: str = Field(default_factory=lambda: secrets.token_urlsafe(64))
    fernet_key: str = Field(default_factory=lambda: Fernet.generate_key().decode())
    s3_access_key: str = Field(default_factory=lambda: secrets.token_hex(10))
    s3_secret_key: str = Field(default_factory=_token)
    studio_token: str = Field(default_factory=_token)
    studio_proxy_token: str = Field(default_factory=_token)
    mlflow_password: str = Field(default_factory=_token)


def load_credentials(file: Path) -> Credentials:
    """Return the credentials kept in ``file``; generate those that it does not have yet.

    Raises:
        DustjacketError: the file is broken. The message shows nothing of its content.
    """
    kept = file.read_text() if file.exists() else "{}"
    try:
        credentials = Credentials.model_validate_json(kept)
    except ValidationError:
        raise DustjacketError(
            f"{file} is broken: restore it from a backup, or delete it and start again, which "
            "makes new passwords and keys"
        ) from None
    complete = credentials.model_dump_json()
    if complete != kept:
        write_private(file, complete)
    return credentials


def write_private(file: Path, text: str) -> None:
    """Write ``text`` to a file of mode 0600 in one atomic step."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    draft.replace(file)


def write_dotenv(file: Path, values: dict[str, str]) -> None:
    """Write variables to a private file in dotenv format."""
    # The format has no \\u escapes.
    quoted = {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}
    write_private(file, "".join(f"{name}={value}\n" for name, value in quoted.items()))
