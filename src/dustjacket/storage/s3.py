"""The S3 client, the status of its errors, and a write that never overwrites."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential

from dustjacket.errors import DustjacketError
from dustjacket.settings import Settings
from dustjacket.storage.folder import FolderClient

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CONFLICT, _ALREADY_EXISTS = 409, 412
_MAX_SKEW = timedelta(minutes=15)  # S3 refuses requests that are signed at another time


def s3_client(settings: Settings, attempts: int = 5, connections: int = 10) -> "S3Client":
    """Return a client for the object store in ``settings``, or for its folder.

    A refusal because the clocks differ raises a DustjacketError that shows both times.

    Args:
        attempts: how often a request is sent that fails without an answer.
        connections: how many requests are under way at once, at most.
    """
    if settings.folder:
        elsewhere = settings.model_copy(update={"folder": None})
        return cast(
            "S3Client",
            FolderClient(settings.folder, settings.bucket, lambda: s3_client(elsewhere)),
        )
    import boto3
    from botocore.config import Config

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
            retries={"total_max_attempts": attempts, "mode": "standard"},
            max_pool_connections=connections,
            # Trailing checksums need a transfer encoding that some servers refuse. The manifest's
            # SHA-256 covers every file.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    client.meta.events.register("after-call.s3", _raise_clock_skew)
    return client


def _raise_clock_skew(parsed: Mapping[str, Any], **_: Any) -> None:
    """Raise if a refusal follows from the clocks; a reply without a body has no error code."""
    reply = parsed.get("ResponseMetadata", {})
    if reply.get("HTTPStatusCode") != 403:
        return
    now = datetime.now(UTC)
    try:
        server = parsedate_to_datetime(reply["HTTPHeaders"]["date"]).astimezone(UTC)
    except (LookupError, ValueError):
        server = None
    skewed = parsed.get("Error", {}).get("Code") == "RequestTimeTooSkewed"
    if skewed or (server and abs(now - server) > _MAX_SKEW):
        theirs = f"{server:%Y-%m-%d %H:%M:%S} UTC" if server else "another time"
        raise DustjacketError(
            f"the object store refuses requests because the clocks differ: this machine's clock "
            f"shows {now:%Y-%m-%d %H:%M:%S} UTC, the object store's {theirs}; set the wrong clock"
        )


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
    existing = _put_or_read(client, bucket, key, body)
    return existing is None or bool(json.loads(existing).get("attempt") == attempt)


def _unfinished(error: BaseException) -> bool:
    return isinstance(error, ClientError) and status_of(error) in (_CONFLICT, _ALREADY_EXISTS)


@retry(
    retry=retry_if_exception(_unfinished),
    stop=stop_after_attempt(8),
    wait=wait_random_exponential(0.1, max=5),
    reraise=True,
)
def _put_or_read(client: "S3Client", bucket: str, key: str, body: bytes) -> bytes | None:
    """Write an object and return None, or return the object that exists.

    A conflict with another write that then stores nothing is tried again: S3 answers 409 while
    that write is unfinished.
    """
    try:
        client.put_object(
            Bucket=bucket, Key=key, Body=body, ContentType="application/json", IfNoneMatch="*"
        )
    except ClientError as conflict:
        if not _unfinished(conflict):
            raise
        try:
            return client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            raise (conflict if status_of(error) == 404 else error) from None
    return None
