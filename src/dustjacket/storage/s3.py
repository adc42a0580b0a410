"""The S3 client, and the status of its errors."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from dustjacket.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def s3_client(settings: Settings) -> "S3Client":
    """Return a client of the object store that ``settings`` name."""
    key, secret = settings.s3_access_key, settings.s3_secret_key
    client: S3Client = boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint,
        region_name=settings.s3_region,
        aws_access_key_id=key.get_secret_value() if key else None,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        config=Config(
            s3={"addressing_style": "path"},
            connect_timeout=5,
            read_timeout=60,
            retries={"max_attempts": 4, "mode": "standard"},
        ),
    )
    return client


def status_of(error: ClientError) -> int:
    """Return the HTTP status of a failed request."""
    return error.response["ResponseMetadata"]["HTTPStatusCode"]
