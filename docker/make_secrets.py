#!/usr/bin/env python3
"""Write each secret of docker/compose.yaml to a file of its own, unless it is there already.

usage: make_secrets.py FOLDER

Needs Python's own library alone. The folder is closed to other accounts; its files are open below
it, because the account in a container, which reads them one by one, is another than yours.
"""

import base64
import json
import os
import secrets
import sys
from pathlib import Path


def make_secrets(folder: Path) -> list[str]:
    """Write the secrets that are missing, and return their names."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    made = []

    def value(name: str, new: str) -> str:
        file = folder / name
        if file.exists() and not file.is_file():
            # An engine that found no file made a folder of it.
            sys.exit(f"make_secrets: {file} is a folder: delete it, and start again")
        if not file.exists():
            draft = folder / f".{name}"
            draft.write_text(f"{new}\n")
            draft.chmod(0o444)
            os.replace(draft, file)  # noqa: PTH105
            made.append(name)
        return file.read_text().rstrip("\n")

    for name in (
        "airflow_jwt_secret", "airflow_password", "mlflow_password", "studio_proxy_token",
        "studio_token",
    ):  # fmt: skip
        value(name, secrets.token_urlsafe(32))
    value("airflow_fernet_key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    password = value("postgres_password", secrets.token_hex(24))
    for name in ("airflow", "mlflow"):
        url = f"postgresql+psycopg2://dustjacket:{password}@postgres/{name}"
        value(f"{name}_database", url)
    key = value("s3_access_key", secrets.token_hex(10))
    secret = value("s3_secret_key", secrets.token_urlsafe(32))
    identity = {
        "name": "dustjacket",
        "credentials": [{"accessKey": key, "secretKey": secret}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    }
    value("s3.json", json.dumps({"identities": [identity]}))
    return made


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    made = make_secrets(Path(sys.argv[1]))
    print(f"{sys.argv[1]}: made {', '.join(made) or 'nothing, all are there'}")
