"""A probe of the object store: of many writers that create one key at once, one alone may win.

Manifests and the ledger are plain puts with ``If-None-Match: *``. A store that lets two of them
succeed would mix versions and lose decisions, so such a store is refused.
"""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from dustjacket.errors import DustjacketError
from dustjacket.settings import Settings
from dustjacket.storage.s3 import s3_client, status_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WRITERS = 16
ROUNDS = 4
PREFIX = "probe/"
_LOST = (409, 412)  # another writer was first, or is at work
_WAIT_S = 60.0


@dataclass(frozen=True)
class ProbeResult:
    """How many of 16 writers won, in each round."""

    puts: tuple[int, ...] = ()
    multiparts: tuple[int, ...] = ()

    @property
    def warning(self) -> str:
        """What is wrong with completed multipart uploads, on which nothing depends; or empty."""
        worst = max(self.multiparts, default=1)
        if worst <= 1:
            return ""
        return (
            f"up to {worst} of {WRITERS} writers that completed an upload in parts with "
            "If-None-Match succeeded at once; Dustjacket decides by plain puts alone, which passed"
        )


def probe_store(settings: Settings, rounds: int = ROUNDS, *, multipart: bool = True) -> ProbeResult:
    """Let 16 writers create one key at once, by put and by completed multipart, in many rounds.

    The bucket must exist. What was written is deleted.

    Args:
        multipart: whether to try completed multipart uploads too, which takes longer.

    Raises:
        DustjacketError: several puts, or none, succeeded: the message names the store.
        ClientError: the store refuses the requests for another reason.
    """
    # A put that is repeated after a lost response is refused because of itself.
    client = s3_client(settings, attempts=1, connections=WRITERS)
    prefix = f"{PREFIX}{secrets.token_hex(8)}/"
    store = f"the object store {settings.s3_endpoint or 'of AWS'} (bucket {settings.bucket})"
    puts, multiparts = [], []
    with ThreadPoolExecutor(WRITERS) as pool:
        for number in range(rounds):
            writers = _Puts(client, settings.bucket, f"{prefix}put-{number}")
            puts.append(_round(writers, pool, store))
        for number in range(rounds if multipart else 0):
            uploads = _Uploads(client, settings.bucket, f"{prefix}multipart-{number}", pool)
            multiparts.append(_round(uploads, pool, store, decisive=False))
    return ProbeResult(tuple(puts), tuple(multiparts))


class _Puts:
    """Writers of one key, each with a body of its own."""

    def __init__(self, client: "S3Client", bucket: str, key: str) -> None:
        self.client, self.bucket, self.key = client, bucket, key

    def body(self, writer: int) -> bytes:
        return f"writer {writer}\n".encode() * 100

    def write(self, writer: int) -> None:
        self.client.put_object(
            Bucket=self.bucket, Key=self.key, Body=self.body(writer), IfNoneMatch="*"
        )

    def stored(self) -> bytes:
        return self.client.get_object(Bucket=self.bucket, Key=self.key)["Body"].read()

    def clean_up(self) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=self.key)


class _Uploads(_Puts):
    """The same, each by an upload of one part, which is there before any is completed."""

    def __init__(self, client: "S3Client", bucket: str, key: str, pool: ThreadPoolExecutor) -> None:
        super().__init__(client, bucket, key)
        self._pool = pool
        self._parts = list(pool.map(self._upload, range(WRITERS)))

    def _upload(self, writer: int) -> tuple[str, str]:
        begun = self.client.create_multipart_upload(Bucket=self.bucket, Key=self.key)
        upload = begun["UploadId"]
        part = self.client.upload_part(
            Bucket=self.bucket, Key=self.key, UploadId=upload, PartNumber=1, Body=self.body(writer)
        )
        return upload, part["ETag"]

    def write(self, writer: int) -> None:
        upload, tag = self._parts[writer]
        self.client.complete_multipart_upload(
            Bucket=self.bucket,
            Key=self.key,
            UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": tag}]},
            IfNoneMatch="*",
        )

    def clean_up(self) -> None:
        super().clean_up()
        list(self._pool.map(self._abort, self._parts))

    def _abort(self, part: tuple[str, str]) -> None:
        try:
            self.client.abort_multipart_upload(Bucket=self.bucket, Key=self.key, UploadId=part[0])
        except ClientError as error:
            if status_of(error) != 404:  # it was completed
                raise


def _round(writers: _Puts, pool: ThreadPoolExecutor, store: str, *, decisive: bool = True) -> int:
    """Return how many writers won; raise unless one did, if that is ``decisive``."""
    start = Barrier(WRITERS)

    def won(writer: int) -> bool:
        start.wait(_WAIT_S)
        return _succeeds(lambda: writers.write(writer))

    try:
        winners = [writer for writer, one in enumerate(pool.map(won, range(WRITERS))) if one]
        if decisive and len(winners) != 1:
            raise DustjacketError(
                f"{store} let {len(winners)} of {WRITERS} writers create one key at once, so "
                "versions could mix and decisions be lost: use a store whose conditional puts "
                "(If-None-Match: *) are atomic, such as AWS S3, SeaweedFS 4.48 or S3Proxy 4.1"
            )
        if decisive and writers.stored() != writers.body(winners[0]):
            raise DustjacketError(
                f"{store} kept another object than the one whose put it confirmed: use another"
            )
        return len(winners)
    finally:
        writers.clean_up()


def _succeeds(write: Callable[[], None]) -> bool:
    try:
        write()
    except ClientError as error:
        if status_of(error) not in _LOST:
            raise
        return False
    return True
