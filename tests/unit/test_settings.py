"""Where the state is, which settings apply, and which secrets go to other processes."""

import pickle
from pathlib import Path

import pytest
from pydantic import SecretStr
from pyspark import cloudpickle

from dustjacket.catalog.parse import ParseChunk
from dustjacket.catalog.step import CatalogParameters
from dustjacket.covers.s3_prefix import S3Prefix
from dustjacket.errors import BadInputError
from dustjacket.pipeline.job import REASON_FILE
from dustjacket.platform.credentials import write_dotenv
from dustjacket.records.options import DEFAULT_OPTIONS
from dustjacket.settings import PLATFORM_ENV, Settings, home, load_settings
from dustjacket.storage.store import Store
from dustjacket.storage.task_files import TaskFiles

SECRETS = {
    "airflow_password": "the-password-of-airflow",
    "airflow_database": "postgresql://user:the-password-of-the-database@host/airflow",
    "studio_token": "the-token-of-the-studio",
    "studio_proxy_token": "the-token-of-the-proxy",
    "mlflow_password": "the-password-of-mlflow",
    "airflow_fernet_key": "the-key-of-airflow",
    "airflow_jwt_secret": "the-secret-of-airflow",
    "mlflow_database": "postgresql://user:the-password-of-another-database@host/mlflow",
    "mlflow_uri": "http://user:the-password-in-the-address@host",
    "s3_access_key": "the-key-of-s3",
    "s3_secret_key": "the-secret-of-s3",
}


@pytest.fixture
def moved(tmp_path, monkeypatch):
    """A home whose file of settings was written at another place."""
    folder = tmp_path / "Bücher \"neu\" 'alt' 100%"
    folder.mkdir()
    former = Settings(_env_file=None, home=tmp_path / "Früher", bucket="bücher")
    write_dotenv(folder / PLATFORM_ENV, former.environment())
    monkeypatch.setenv("DUSTJACKET_HOME", str(folder))
    load_settings.cache_clear()
    yield folder
    load_settings.cache_clear()


def test_the_home_is_where_it_is_now_and_not_where_its_file_was_written(moved):
    assert home() == load_settings().home == moved


def test_settings_are_read_as_they_were_written(moved):
    assert load_settings().bucket == "bücher"
    assert Settings(_env_file=moved / PLATFORM_ENV).home == moved


def test_one_folder_has_one_name(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path)
    for name in ("link", "real", "./real/../link", str(tmp_path / "link")):
        monkeypatch.setenv("DUSTJACKET_HOME", name)
        assert home() == Settings(_env_file=None).home == tmp_path / "real"
    monkeypatch.delenv("DUSTJACKET_HOME")
    assert home() == Path(".dustjacket").absolute()


@pytest.fixture
def settings():
    return Settings(_env_file=None, s3_endpoint="http://127.0.0.1:9", **SECRETS)


def held(pickled):
    return {name for name, value in SECRETS.items() if value.encode() in pickled}


def test_every_secret_is_known_to_this_test(settings):
    hidden = {name for name, value in settings if isinstance(value, SecretStr)}
    assert hidden <= set(SECRETS)


def test_settings_with_other_secrets_than_spark_needs_are_not_pickled(settings):
    for dumps in (pickle.dumps, cloudpickle.dumps):
        with pytest.raises(TypeError, match=r"airflow_password, .*are not sent"):
            dumps(settings)
        with pytest.raises(TypeError, match="studio_token"):
            dumps({"settings": settings.with_secrets_of("s3", "studio")})


def test_reduced_settings_work_and_hold_what_they_name(settings):
    for owners in ((), ("s3",), ("s3", "mlflow")):
        pickled = pickle.dumps(settings.with_secrets_of(*owners))
        assert held(pickled) == {name for name in SECRETS if name.startswith(owners)}
        assert pickle.loads(pickled) == settings.with_secrets_of(*owners)  # noqa: S301


def test_what_ingestions_send_to_spark_holds_the_key_of_s3_alone(settings):
    store = Store(settings)
    for sent in (
        S3Prefix.of_store(store, "covers/"),
        S3Prefix.of_draft(store.draft("covers", "version")),
        ParseChunk(TaskFiles.of(store, "scratch/"), CatalogParameters(source="x"), DEFAULT_OPTIONS),
    ):
        assert held(cloudpickle.dumps(sent)) == {"s3_access_key", "s3_secret_key"}


def test_a_file_may_hold_a_setting(tmp_path, monkeypatch):
    monkeypatch.setenv("DUSTJACKET_HOME", str(tmp_path))
    write_dotenv(tmp_path / PLATFORM_ENV, {"DUSTJACKET_S3_SECRET_KEY": "of the embedded server"})
    (tmp_path / "secret").write_text("the secret \n")
    monkeypatch.setenv("DUSTJACKET_S3_SECRET_KEY_FILE", str(tmp_path / "secret"))
    read = Settings(_env_file=tmp_path / PLATFORM_ENV)
    assert read.s3_secret_key.get_secret_value() == "the secret "
    monkeypatch.setenv("DUSTJACKET_S3_SECRET_KEY", "of the variable")
    read = Settings(_env_file=tmp_path / PLATFORM_ENV)
    assert read.s3_secret_key.get_secret_value() == "of the variable"


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff"])
def test_a_file_without_the_setting_is_refused_by_name(tmp_path, monkeypatch, content):
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    monkeypatch.setenv("DUSTJACKET_STUDIO_TOKEN_FILE", str(tmp_path / "secret"))
    with pytest.raises(BadInputError, match=r"DUSTJACKET_STUDIO_TOKEN_FILE names .*/secret, which"):
        Settings(_env_file=None)


@pytest.fixture
def nested(tmp_path, monkeypatch):
    """A folder three levels below one in which a platform was started."""
    below = tmp_path / "a/b/c"
    below.mkdir(parents=True)
    (tmp_path / ".dustjacket").mkdir()
    (tmp_path / ".dustjacket" / PLATFORM_ENV).touch()
    monkeypatch.delenv("DUSTJACKET_HOME", raising=False)
    monkeypatch.chdir(below)
    return tmp_path


def test_the_nearest_platform_upwards_is_the_home(nested, monkeypatch):
    assert home() == nested / ".dustjacket"
    (nested / "a/.dustjacket").mkdir()
    assert home() == nested / ".dustjacket", "no platform was started in the nearer folder"
    (nested / "a/.dustjacket" / PLATFORM_ENV).touch()
    assert home() == nested / "a/.dustjacket"
    monkeypatch.setenv("DUSTJACKET_HOME", str(nested / "named"))
    assert home() == nested / "named"


def test_a_folder_of_another_account_is_not_the_home(nested, monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: -1)
    assert home() == nested / "a/b/c/.dustjacket"


def test_a_variable_that_is_named_like_a_file_of_a_setting_is_left_alone(tmp_path, monkeypatch):
    (tmp_path / "reason").write_bytes(b"")
    monkeypatch.setenv(REASON_FILE, str(tmp_path / "reason"))
    assert Settings(_env_file=None).bucket == "dustjacket"


@pytest.mark.parametrize(
    ("env", "bucket", "name"),
    [
        ("", "dustjacket", "dustjacket"), ("staging", "dustjacket", "staging-dustjacket"),
        ("staging", "staging-dustjacket", "staging-dustjacket"), ("a", "b", "a-b"),
    ],
)  # fmt: skip
def test_an_environment_begins_the_names_of_what_it_has(env, bucket, name):
    settings = Settings(env=env, bucket=bucket)
    assert settings.bucket == name
    assert Store(settings).bucket == name
    assert settings.named("cover-clip") == (f"{env}-cover-clip" if env else "cover-clip")


def test_settings_of_an_environment_are_recreated_and_lead_to_another(monkeypatch):
    staging = Settings(env="staging", bucket="books")
    for name, value in staging.environment().items():
        if name in ("DUSTJACKET_ENV", "DUSTJACKET_BUCKET"):
            monkeypatch.setenv(name, value)
    assert Settings().bucket == "staging-books"
    monkeypatch.setenv("DUSTJACKET_ENV", "production")
    assert Settings().bucket == "production-books"
    production = staging.for_environment("production")
    assert (production.env, production.bucket) == ("production", "production-books")
    assert production.for_environment("").bucket == "books"
    assert production.for_environment("staging") == staging


@pytest.mark.parametrize("env", ["Staging", "-a", "a-", "a/b", "a" * 21, "a_b", "é"])
def test_a_name_of_no_environment_is_refused(env):
    with pytest.raises(ValueError, match="env"):
        Settings(env=env)
    with pytest.raises(BadInputError, match="names no environment"):
        Settings().for_environment(env)
