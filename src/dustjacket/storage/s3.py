"""The S3 client, the status of its errors, and a write that never overwrites."""

import json
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from dustjacket.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ALREADY_EXISTS = (409, 412)


def s3_client(settings: Settings) -> "S3Client":
    """Return a client for the object store in ``settings``."""
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


def put_if_absent(client: "S3Client", bucket: str, key: str, body: bytes, attempt: str) -> bool:
    """Write a JSON object unless ``key`` exists, and return whether the object is this attempt's.

    boto repeats a put after a lost response, so an existing object may be from this attempt. The
    object's field ``attempt`` decides.

    Args:
        body: JSON with the field ``attempt``.
        attempt: unique id of this write.
    """
    try:
        client.put_object(
            Bucket=bucket, Key=key, Body=body, ContentType="application/json", IfNoneMatch="*"
        )
    except ClientError as error:
        if status_of(error) not in _ALREADY_EXISTS:
            raise
    else:
        return True
    try:
        existing = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if status_of(error) != 404:
            raise
        return False  # the other writer has not finished
    return bool(json.loads(existing).get("attempt") == attempt)
