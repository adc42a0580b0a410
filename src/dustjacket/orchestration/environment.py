"""Settings and team defaults of a task, from Airflow, and conversion of errors for Airflow."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow.sdk import BaseHook, Variable
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

from dustjacket.errors import BadInputError

if TYPE_CHECKING:
    from dustjacket.pipeline.team_defaults import TeamDefaults
    from dustjacket.settings import Settings

S3_CONNECTION = "dustjacket_s3"


def task_settings() -> "Settings":
    """Return the settings of this task: the environment, overridden by ``dustjacket_s3``.

    If that Airflow connection exists, its login, password and extras ``endpoint_url`` and
    ``region_name`` replace the S3 settings of the environment.
    """
    from dustjacket.settings import load_settings

    settings = load_settings()
    try:
        connection = BaseHook.get_connection(S3_CONNECTION)
    except AirflowNotFoundException:
        return settings
    extra = connection.extra_dejson
    values = {
        "s3_access_key": connection.login,
        "s3_secret_key": connection.password,
        "s3_endpoint": extra.get("endpoint_url"),
        "s3_region": extra.get("region_name"),
    }
    overrides = {name: value for name, value in values.items() if value}
    return type(settings).model_validate(settings.model_dump() | overrides)


def team_defaults() -> "TeamDefaults":
    """Return the team defaults.

    Raises:
        BadInputError: the Airflow variable that holds them is invalid.
    """
    from dustjacket.pipeline.team_defaults import VARIABLE, TeamDefaults

    text = Variable.get(VARIABLE, default=None)
    return TeamDefaults.from_json(text)


@contextmanager
def no_retry_on_bad_input() -> Iterator[None]:
    """Convert a BadInputError to the exception that Airflow does not retry."""
    try:
        yield
    except BadInputError as error:
        raise AirflowFailException(str(error)) from None
