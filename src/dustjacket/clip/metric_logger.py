"""Metrics for MLflow, sent by a background thread so that training never waits for it."""

import logging
import queue
import threading
import time

import mlflow
from mlflow.entities import Metric

log = logging.getLogger(__name__)

_MAX_BATCH = 500  # MLflow's limit is 1,000 metrics per request
_RETRY_S = 2
_CLOSE_TIMEOUT_S = 120


class AsyncMetricLogger:
    """Logs metrics to a run, each with the time at which it was measured.

    While MLflow is unavailable, metrics are queued; the log reports the outage and its end.
    """

    def __init__(self, run_id: str) -> None:
        """Log to a run of MLflow's current tracking server."""
        self._run_id = run_id
        self._client = mlflow.MlflowClient()
        self._queue: queue.SimpleQueue[Metric | None] = queue.SimpleQueue()  # None: the end
        self._outage_start: float | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="metric-logger", daemon=True)
        self._thread.start()

    def __call__(self, metrics: dict[str, float], step: int) -> None:
        """Queue ``metrics`` of ``step``."""
        now_ms = int(time.time() * 1000)
        for name, value in metrics.items():
            self._queue.put(Metric(name, float(value), now_ms, step))

    def close(self) -> None:
        """Wait until everything is logged, two minutes at most."""
        self._queue.put(None)
        self._closed.set()
        self._thread.join(_CLOSE_TIMEOUT_S)
        if self._thread.is_alive():
            log.warning("MLflow is unavailable: the last metrics of run %s are lost", self._run_id)

    def _work(self) -> None:
        ended = False
        while not ended:
            batch = [self._queue.get()]
            while len(batch) < _MAX_BATCH and not self._queue.empty():
                batch.append(self._queue.get())
            ended = None in batch
            metrics = [metric for metric in batch if metric is not None]
            while metrics and not self._log(metrics):
                time.sleep(_RETRY_S)
            if not ended:
                self._closed.wait(1)  # let metrics gather, for fewer requests

    def _log(self, metrics: list[Metric]) -> bool:
        """Log a batch; return whether that succeeded."""
        try:
            self._client.log_batch(self._run_id, metrics=metrics, synchronous=True)
        except Exception as error:  # noqa: BLE001  # no failure of MLflow may stop a training
            if self._outage_start is None:
                self._outage_start = time.monotonic()
                reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
                log.warning("MLflow is unavailable (%s): training continues, metrics wait", reason)
            return False
        if self._outage_start is not None:
            late_s = time.monotonic() - self._outage_start
            log.warning(
                "MLflow is available again: %d metrics are %.0f s late", len(metrics), late_s
            )
            self._outage_start = None
        return True
