"""Waiting for the object store: an outage stops a read or a write, not the training."""

import logging

import tenacity
from botocore.exceptions import BotoCoreError, ClientError

log = logging.getLogger(__name__)

PATIENCE_S = 300


def is_outage(error: BaseException) -> bool:
    """Return whether the store itself failed, rather than said that something is wrong."""
    if isinstance(error, ClientError):
        return error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
    return isinstance(error, (BotoCoreError, ConnectionError))


def _say(state: tenacity.RetryCallState) -> None:
    log.warning(
        "the object store does not answer since %.0f s; trying for %d s",
        state.seconds_since_start, PATIENCE_S,
    )  # fmt: skip


retry_while_unavailable = tenacity.retry(
    retry=tenacity.retry_if_exception(is_outage),
    wait=tenacity.wait_exponential(max=10),
    stop=tenacity.stop_after_delay(PATIENCE_S),
    before_sleep=_say,
    reraise=True,
)
"""Decorates what reads or writes the store: tried again while it is away."""
