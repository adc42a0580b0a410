"""Metrics on their way to MLflow, by a thread that training never waits for."""

import logging
import queue
import threading
import time

import mlflow
from mlflow.entities import Metric

log = logging.getLogger(__name__)

_AT_ONCE = 500  # MLflow takes at most 1,000 metrics a call
_RETRY_S = 2
_CLOSING_S = 120


class AsyncMetricLogger:
    """Logs metrics to a run, each with the time it was measured at.

    Where MLflow is away they wait, and the gap is stated when it is back.
    """

    def __init__(self, run_id: str) -> None:
        """Log to the run of the tracking server that MLflow is set to."""
        self._run_id = run_id
        self._client = mlflow.MlflowClient()
        self._queue: queue.SimpleQueue[Metric | None] = queue.SimpleQueue()
        self._away_since: float | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="telling", daemon=True)
        self._thread.start()

    def __call__(self, metrics: dict[str, float], step: int) -> None:
        """Log ``metrics`` as of ``step``, some time."""
        now = int(time.time() * 1000)
        for name, value in metrics.items():
            self._queue.put(Metric(name, float(value), now, step))

    def close(self) -> None:
        """Wait until all is told, but not for ever."""
        self._queue.put(None)
        self._closed.set()
        self._thread.join(_CLOSING_S)
        if self._thread.is_alive():
            log.warning("MLflow does not answer: the last metrics of %s are lost", self._run_id)

    def _work(self) -> None:
        ended = False
        while not ended:
            waiting = [self._queue.get()]
            while len(waiting) < _AT_ONCE and not self._queue.empty():
                waiting.append(self._queue.get())
            ended = None in waiting
            metrics = [metric for metric in waiting if metric is not None]
            while metrics and not self._told(metrics):
                time.sleep(_RETRY_S)
            if not ended:
                self._closed.wait(1)  # so that a call tells many

    def _told(self, metrics: list[Metric]) -> bool:
        try:
            self._client.log_batch(self._run_id, metrics=metrics, synchronous=True)
        except Exception as error:  # noqa: BLE001  # no trouble of MLflow's is training's
            if self._away_since is None:
                self._away_since = time.monotonic()
                reason = str(error).splitlines()[0][:200]
                log.warning("MLflow does not answer (%s): training goes on, metrics wait", reason)
            return False
        if self._away_since is not None:
            away = time.monotonic() - self._away_since
            log.warning("MLflow answers again: %d metrics are %.0f s late", len(metrics), away)
            self._away_since = None
        return True
