"""Settings of the platform: addresses and credentials of its servers, from the environment.

Each value can be set as ``DUSTJACKET_<NAME>``, or kept in the file that ``DUSTJACKET_<NAME>_FILE``
names, as container engines hand over secrets. ``dustjacket up`` writes the values of the embedded
servers to ``<home>/platform.env``; they apply where the environment sets no value.
"""

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self, get_args

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from dustjacket.errors import BadInputError

HOME, PLATFORM_ENV = ".dustjacket", "platform.env"
PREFIX = "DUSTJACKET_"
_FILE = "_file"
_ENVIRONMENT = r"^([a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?)?$"


def project_folder(name: str) -> Path:
    """Return a folder of the project, such as ``dags``: in the checkout, or in the package."""
    package = Path(__file__).parent
    checkout = package.parents[1] / name
    return checkout if checkout.is_dir() else package / name


def home() -> Path:
    """Return the folder that holds all state of the embedded platform: absolute, without links.

    It is ``DUSTJACKET_HOME``; else ``.dustjacket`` of the nearest folder, from the current one
    upwards, in which a platform of this account was started; else of the current folder.
    """
    if named := os.environ.get("DUSTJACKET_HOME"):
        return Path(named).resolve()
    here = Path.cwd()
    folders = (folder / HOME for folder in (here, *here.parents))
    return next(filter(_is_own_home, folders), here / HOME).resolve()


def _is_own_home(folder: Path) -> bool:
    # Another account could lay a folder with servers of its own above ours, as in /tmp.
    try:
        return all(path.lstat().st_uid == os.geteuid() for path in (folder, folder / PLATFORM_ENV))
    except OSError:
        return False


class Settings(BaseSettings):
    """Addresses, credentials and options of the platform's servers."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, env_file_encoding="utf-8"
    )

    home: Path = Field(default_factory=home, description="folder of the embedded platform's state")
    source_roots: str = Field(
        "", description="folders of this machine that runs may read sources from, separated by :"
    )
    env: str = Field(
        "",
        pattern=_ENVIRONMENT,
        description="environment, such as staging: begins the names of bucket, experiments and "
        "registered models",
    )
    bucket: str = Field("dustjacket", description="bucket for all published versions")
    folder: Path | None = Field(
        None, description="folder in place of that bucket, as `dustjacket ingest` has one"
    )
    s3_endpoint: str | None = Field(None, description="S3 server; the embedded one when empty")
    s3_region: str = "us-east-1"
    s3_access_key: SecretStr | None = Field(None, description="AWS's usual variables when empty")
    s3_secret_key: SecretStr | None = None
    mlflow_uri: str | None = Field(None, description="MLflow server; the embedded one when empty")
    mlflow_username: str | None = Field(None, description="login of the platform at MLflow")
    mlflow_password: SecretStr | None = None
    spark_master: str = "local[*]"
    task_variables: str = Field("", description="names of more variables that tasks inherit")
    airflow_url: str | None = Field(None, description="Airflow API server")
    airflow_user: str = "admin"
    airflow_password: SecretStr | None = None
    airflow_public_url: str | None = Field(
        None, description="address at which people reach Airflow, if it is another"
    )
    airflow_fernet_key: SecretStr | None = Field(
        None, description="key of connections and variables in Airflow's database"
    )
    airflow_jwt_secret: SecretStr | None = Field(None, description="signs Airflow's logins")
    airflow_port: int | None = Field(None, ge=1, le=65535, description="embedded server's port")
    mlflow_port: int | None = Field(None, ge=1, le=65535, description="embedded server's port")
    s3_port: int | None = Field(None, ge=1, le=65535, description="embedded server's port")
    allow_private_addresses: bool = Field(
        False, description="also download from private addresses and from any port"
    )
    airflow_database: str | None = Field(
        None, description="SQLAlchemy URL of Airflow's database; SQLite when empty"
    )
    mlflow_database: str | None = Field(
        None, description="SQLAlchemy URL of MLflow's database; SQLite when empty"
    )
    jars: Path | None = Field(
        None, description="folder of downloaded Java libraries; below the home when empty"
    )
    studio_url: str | None = Field(None, description="address of the Studio's model server")
    studio_port: int | None = Field(None, ge=1, le=65535, description="embedded server's port")
    studio_token: SecretStr | None = Field(
        None, description="bearer token of callers of the Studio's process"
    )
    studio_proxy_token: SecretStr | None = Field(
        None, description="bearer token of Airflow's proxy, which names the user who asks"
    )
    studio_rate: str = Field("40/second", description="rate limit per user (syntax of `limits`)")
    studio_batch: int = Field(16, ge=1, le=256, description="maximum number of queries in a batch")
    studio_feedback: bool = Field(False, description="store votes and a sample of the queries")
    studio_feedback_days: int = Field(90, ge=1, description="days until stored feedback is deleted")
    generation: bool = Field(True, description="draw cover concepts; false turns that off")
    house_style: Path | None = Field(None, description="file or folder of the team's house styles")
    retention: Literal["list", "remove"] = Field(
        "list", description="whether the weekly DAG removes what nothing needs, or only lists it"
    )
    retention_keep: int = Field(8, ge=1, description="newest versions of each kind that stay")
    notify: SecretStr | None = Field(
        None, description="where messages go: an address of Apprise; none are sent when empty"
    )
    notify_free_gb: float = Field(5.0, ge=0, description="a message is sent below this free space")
    studio_sample_share: float = Field(0.1, ge=0, le=1, description="share of queries stored")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let files that the environment names hold values: before ``platform.env``."""
        return init_settings, env_settings, _NamedFiles(settings_cls), dotenv_settings

    @field_validator("home")
    @classmethod
    def _resolved(cls, folder: Path) -> Path:
        return folder.resolve()

    @model_validator(mode="after")
    def _of_environment(self) -> Self:
        object.__setattr__(self, "bucket", self.named(self._shared_bucket))
        return self

    @property
    def _shared_bucket(self) -> str:
        """The bucket's name without that of the environment."""
        return self.bucket.removeprefix(self.named(""))

    def named(self, name: str) -> str:
        """Return a name of this environment: of a bucket, an experiment or a registered model."""
        return f"{self.env}-{name}" if self.env else name

    def for_environment(self, env: str) -> "Settings":
        """Return these settings for another environment on the same servers.

        Args:
            env: its name; empty: the one without a name.

        Raises:
            BadInputError: it is no name of an environment.
        """
        if not re.fullmatch(_ENVIRONMENT, env):
            raise BadInputError(
                f"{env[:40]!r} names no environment: use a-z, 0-9 and -, at most 20"
            )
        other = self.model_copy(update={"env": env})
        return other.model_copy(update={"bucket": other.named(self._shared_bucket)})

    @property
    def jars_folder(self) -> Path:
        """The folder of Java libraries that no Python package contains."""
        return self.jars or self.home / "jars"

    @property
    def cache(self) -> Path:
        """The folder of what can be downloaded or made again."""
        return self.home / "cache"

    def with_secrets_of(self, *owners: str) -> "Settings":
        """Return these settings without secrets, except those whose names begin with ``owners``.

        Addresses that may hold a password count as secrets.
        """
        dropped = [name for name in _SECRETS if not name.startswith(owners)]
        return self.model_copy(update=dict.fromkeys(dropped))

    def __getstate__(self) -> dict[Any, Any]:
        """Refuse to be pickled with secrets that no process of Spark needs.

        Raises:
            TypeError: use :meth:`with_secrets_of`.
        """
        needless = [name for name in _SECRETS if not name.startswith(WORKERS)]
        if held := [name for name in needless if getattr(self, name) is not None]:
            raise TypeError(f"settings that hold {', '.join(held)} are not sent to other processes")
        return super().__getstate__()

    def environment(self) -> dict[str, str]:
        """Return environment variables that recreate these settings, including secrets."""
        values: dict[str, str] = {}
        for name, value in self:
            if value is not None:
                plain = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
                values[f"DUSTJACKET_{name.upper()}"] = plain
        # Another environment may be named later, beside what is kept of these.
        return values | {"DUSTJACKET_BUCKET": self._shared_bucket}


class _NamedFiles(EnvSettingsSource):
    """Values in the files that variables named ``DUSTJACKET_<NAME>_FILE`` name."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        variables = super()._load_env_vars()
        settings = [f"{PREFIX}{name}".lower() for name in self.settings_cls.model_fields]
        return {
            name: value_in_file(f"{name}{_FILE}".upper(), file)
            for name in settings
            if (file := variables.get(f"{name}{_FILE}"))
        }


def value_in_file(variable: str, file: str) -> str:
    """Return the value in a file that an environment variable names, without its last line end.

    Raises:
        BadInputError: the file cannot be read, or is empty.
    """
    try:
        value = Path(file).read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeError) as error:
        raise BadInputError(
            f"{variable} names {file}, which cannot be read ({error}): write the value to that "
            "file, and let this account read it"
        ) from None
    if not value:
        raise BadInputError(f"{variable} names {file}, which is empty: write the value to it")
    return value


WORKERS = ("s3", "mlflow")
"""Owners of the secrets that jobs get; Spark's other processes get those of S3, or of both."""
_SECRETS = (
    *(
        name
        for name, field in Settings.model_fields.items()
        if SecretStr in get_args(field.annotation)
    ),
    "mlflow_uri",
    "mlflow_database",
    "airflow_database",
)


@cache
def load_settings() -> Settings:
    """Return the settings of this process: environment first, then ``platform.env``."""
    # A folder that was moved or copied names its former place in its file.
    return Settings(_env_file=home() / PLATFORM_ENV, home=home())
