"""Retries of reads and writes while the object store is unavailable."""

import logging

import tenacity
from botocore.exceptions import BotoCoreError, ClientError

from dustjacket.storage.s3 import status_of

log = logging.getLogger(__name__)

MAX_OUTAGE_S = 300


def is_outage(error: BaseException) -> bool:
    """Return whether the store failed, rather than rejected the request."""
    if isinstance(error, ClientError):
        return status_of(error) >= 500
    return isinstance(error, (BotoCoreError, ConnectionError))


def _warn(state: tenacity.RetryCallState) -> None:
    log.warning(
        "the object store has been unavailable for %.0f s; retrying for up to %d s",
        state.seconds_since_start, MAX_OUTAGE_S,
    )  # fmt: skip


retry_while_unavailable = tenacity.retry(
    retry=tenacity.retry_if_exception(is_outage),
    wait=tenacity.wait_exponential(max=10),
    stop=tenacity.stop_after_delay(MAX_OUTAGE_S),
    before_sleep=_warn,
    reraise=True,
)
"""Decorator: retry a function that reads or writes the store, for the duration of an outage."""
