import json
import stat

import pytest

from dustjacket.errors import DustjacketError
from dustjacket.platform.credentials import Credentials, load_credentials


def test_credentials_are_made_once_and_private(tmp_path):
    file = tmp_path / "credentials.json"
    made = load_credentials(file)
    assert load_credentials(file) == made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_credential_that_an_earlier_release_did_not_make_is_added_once(tmp_path):
    file = tmp_path / "credentials.json"
    earlier = Credentials().model_dump(exclude={"mlflow_password"})
    file.write_text(json.dumps(earlier))
    added = load_credentials(file)
    assert added.model_dump() == {**earlier, "mlflow_password": added.mlflow_password}
    assert load_credentials(file) == added


@pytest.mark.parametrize(
    "broken",
    [
        '{"airflow_password": "a secret", "jwt_se',
        '{"airflow_password": ["a secret"]}',
        "a secret",
        "",
    ],
)
def test_a_broken_file_is_named_with_the_cure_and_without_its_content(tmp_path, broken):
    file = tmp_path / "credentials.json"
    file.write_text(broken)
    with pytest.raises(DustjacketError) as raised:
        load_credentials(file)
    message = str(raised.value)
    assert message.startswith(f"{file} is broken")
    assert "delete it" in message
    assert "secret" not in message
    assert raised.value.__cause__ is None
    assert file.read_text() == broken
