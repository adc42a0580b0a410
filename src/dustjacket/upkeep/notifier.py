"""The process that sends messages, and looks for what no run can notice itself."""

import json
import logging
import re
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from pydantic import SecretStr

from dustjacket.pipeline.steps import STEPS
from dustjacket.platform.credentials import CREDENTIALS
from dustjacket.platform.servers import NOTIFIER_ALIVE
from dustjacket.settings import Settings, load_settings
from dustjacket.upkeep.notices import (
    Notice,
    folder_of,
    last_end,
    mark_sent,
    note_end,
    post,
    waiting,
)

log = logging.getLogger(__name__)

_INTERVAL_S = 10.0
_WEEK_AND_A_DAY_S = 8 * 86_400
_SHORTEST_SECRET = 8
_STARTED = "started"
_LOGIN = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@]+@", re.IGNORECASE)
_SIGNED = re.compile(
    r"([?&](?:[\w-]*(?:signature|token|key|secret|password))=)[^&\s]+", re.IGNORECASE
)


def send_waiting(settings: Settings) -> int:
    """Send the messages that wait; return how many were sent. The others are tried again later."""
    if not settings.notify:
        return 0
    messages = list(waiting(settings))
    if not messages:
        return 0
    import apprise

    logging.getLogger("apprise").disabled = True  # it would show the address
    address = settings.notify.get_secret_value()
    receivers, known, sent = apprise.Apprise(), secrets_of(settings), 0
    if not receivers.add(address):
        log.error("DUSTJACKET_NOTIFY is no address that Apprise knows: nothing is sent")
        return 0
    for path, notice in messages:
        title, body = (redacted(text, known) for text in (notice.title, notice.body()))
        if not receivers.notify(title=f"Dustjacket: {title}", body=body):
            log.warning("%r is not sent now: it is tried again", title)
            break
        mark_sent(path)
        sent += 1
    return sent


def secrets_of(settings: Settings) -> set[str]:
    """Return all secrets of the settings and of the platform's own credentials."""
    values = [value for _, value in settings if isinstance(value, SecretStr)]
    found = {value.get_secret_value() for value in values}
    try:
        found |= set(json.loads((settings.home / CREDENTIALS).read_text()).values())
    except (OSError, ValueError):
        log.debug("there are no credentials of embedded servers")
    return {value for value in found if len(value) >= _SHORTEST_SECRET}


def redacted(text: str, known: Iterable[str]) -> str:
    """Return a text without secrets: those that are known, and logins and signatures in URLs."""
    for value in known:
        text = text.replace(value, "…")
    return _SIGNED.sub(r"\1…", _LOGIN.sub(r"\1…@", text))


def look(settings: Settings, now_s: float) -> None:
    """Post messages about a disk that fills, and weekly runs that did not happen."""
    free = shutil.disk_usage(settings.home).free
    if free < settings.notify_free_gb * 1e9:
        notice = Notice(
            key="the disk is almost full",
            title="the disk is almost full",
            text=f"the disk of {settings.home} has {free / 1e9:.1f} GB left",
            cure="free space; `dustjacket retention` lists what nothing needs any more",
        )
        post(settings, notice)
    started = last_end(settings, _STARTED)
    if not started:
        note_end(settings, _STARTED)
        return
    for dag_id in [step.name for step in STEPS.values() if step.has_source] + ["retention"]:
        ended = max(started, last_end(settings, dag_id))
        if now_s - ended > _WEEK_AND_A_DAY_S:
            post(
                settings,
                Notice(
                    key=f"missed {dag_id} {ended:.0f}",
                    title=f"{dag_id} missed its weekly run",
                    text=f"{dag_id} has ended no run for {(now_s - ended) / 86_400:.0f} days",
                    cure="see `dustjacket status`, and whether the DAG is paused in Airflow",
                    link=f"{settings.airflow_url}/dags/{dag_id}" if settings.airflow_url else "",
                ),
            )


def main() -> None:
    """Send messages until the process is stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s: %(message)s")
    settings = load_settings()
    folder: Path = folder_of(settings)
    folder.mkdir(mode=0o700, exist_ok=True)
    while True:
        (settings.home / NOTIFIER_ALIVE).touch(mode=0o600)
        try:
            look(settings, time.time())
            if sent := send_waiting(settings):
                log.info("%d messages sent", sent)
        except Exception:
            log.exception("messages are tried again in %.0f s", _INTERVAL_S)
        time.sleep(_INTERVAL_S)


if __name__ == "__main__":
    main()
