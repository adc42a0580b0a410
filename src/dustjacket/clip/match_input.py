"""Input of a match of one cover with prompts: limits, checks and reading, without the model.

The command line and the Studio share these; importing them does not import PyTorch.
"""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from dustjacket.covers.check import check_cover
from dustjacket.covers.refusals import why_refused
from dustjacket.covers.step import CoversParameters
from dustjacket.errors import BadInputError
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.s3 import status_of
from dustjacket.storage.store import Store

MAX_PROMPTS, MAX_PROMPT_LENGTH = 100, 1000
IMAGE_LIMITS = CoversParameters()
"""Limits on an image's bytes and pixels."""


def check_prompts(prompts: Sequence[str]) -> list[str]:
    """Return the prompts without surrounding white space.

    Raises:
        BadInputError: there are none or too many, or one is empty or too long.
    """
    stripped = [prompt.strip() for prompt in prompts]
    if not 1 <= len(stripped) <= MAX_PROMPTS:
        raise BadInputError(f"{len(stripped)} prompts: give between 1 and {MAX_PROMPTS}")
    for number, prompt in enumerate(stripped, 1):
        if not 1 <= len(prompt) <= MAX_PROMPT_LENGTH:
            raise BadInputError(
                f"prompt {number} has {len(prompt):,} characters: give between 1 and "
                f"{MAX_PROMPT_LENGTH:,}"
            )
    return stripped


def read_cover(store: Store, source: str) -> bytes:
    """Return a cover, converted as :func:`as_stored` does.

    Args:
        source: path of a file, s3:// address of an object, or key of a cover in the newest
            published covers.

    Raises:
        BadInputError: there is no such cover, or it is not a valid image.
    """
    if source.startswith("s3://"):
        body = _read_object(store, source, IMAGE_LIMITS.max_bytes)
    elif Path(source).is_file():
        with Path(source).open("rb") as file:
            body = file.read(IMAGE_LIMITS.max_bytes + 1)
    else:
        body = _read_published(store, source)
    return as_stored(body, f"cover {source!r}")


def as_stored(body: bytes, name: str) -> bytes:
    """Check an image file and convert it as covers are when they are stored.

    Args:
        name: name of the image in the error.

    Raises:
        BadInputError: it is not a valid cover; the message has the reason.
    """
    cover = check_cover(body, IMAGE_LIMITS)
    if isinstance(cover, str):
        raise BadInputError(f"{name} is refused: {why_refused(cover, body, IMAGE_LIMITS)}")
    return cover.body


def _read_object(store: Store, address: str, max_bytes: int) -> bytes:
    """Return an object of S3; of a larger one, one byte more than ``max_bytes``."""
    parts = urlsplit(address)
    try:
        reply = store.client.get_object(
            Bucket=parts.netloc, Key=parts.path.lstrip("/"), Range=f"bytes=0-{max_bytes}"
        )
    except ClientError as error:
        if status_of(error) >= 500:
            raise
        raise BadInputError(
            f"cover {address!r} cannot be read ({error.response['Error']['Code']}): check the "
            "address"
        ) from None
    return reply["Body"].read()


def _read_published(store: Store, key: str) -> bytes:
    from dustjacket.covers.read import read_image, read_index

    covers = store.newest(Kind.COVERS)
    if covers is not None:
        index = read_index(store, covers)
        rows = index[index["key"] == key]
        if len(rows):
            return read_image(store, covers, rows.iloc[0].to_dict())
    raise BadInputError(
        f"cover {key!r} is neither a file nor the key of a published cover: give a path, an s3:// "
        "address or a key"
    )
