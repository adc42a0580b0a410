"""The objects at an address in S3."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from botocore.exceptions import ClientError, ParamValidationError

from dustjacket.errors import BadInputError
from dustjacket.settings import Settings
from dustjacket.storage.store import Store

_NO_BUCKET = ("NoSuchBucket", "AccessDenied")


def s3_objects(source: str, settings: Settings) -> Iterator[tuple[str, str, int]]:
    """Yield ``(key, etag, size)`` of the object at an ``s3://`` address, or of all below a folder.

    Raises:
        BadInputError: there is no object, no such bucket, no permission to list it, or no
            ETag of an object.
    """
    address = urlsplit(source)
    prefix = address.path.lstrip("/")
    pages = (
        Store(settings)
        .client.get_paginator("list_objects_v2")
        .paginate(Bucket=address.netloc, Prefix=prefix)
    )
    empty = True
    try:
        for page in pages:
            for entry in page.get("Contents", []):
                if entry["Key"] == prefix or entry["Key"].startswith(prefix.rstrip("/") + "/"):
                    empty = False
                    if "ETag" not in entry:  # S3Proxy keeps it in an extended attribute
                        raise BadInputError(
                            f"the object store gives no ETag for {entry['Key']!r}: its files were "
                            "copied without extended attributes; upload the objects again, and "
                            "copy a platform with `dustjacket backup`"
                        )
                    yield entry["Key"], entry["ETag"], entry["Size"]
    except (ClientError, ParamValidationError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] not in _NO_BUCKET:
            raise
        raise BadInputError(
            f"bucket {address.netloc!r} of source {source!r} cannot be listed: name a bucket that "
            "exists and that the platform's S3 account may read"
        ) from None
    if empty:
        raise BadInputError(
            f"source {source!r} contains no object: give an object or folder that exists"
        )
