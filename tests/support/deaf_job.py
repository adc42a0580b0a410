"""Fine-tuning whose driver closes a process's log stream after one line."""

from typing import Any

from pyspark.ml.torch import log_communication

from dustjacket.pipeline.job import run_job


def read_a_line(self: Any) -> None:
    next(self._read_bline())
    print("the logs' connection is closed", flush=True)


if __name__ == "__main__":
    log_communication.WriteLogToStdout.handle = read_a_line  # type: ignore[attr-defined]
    run_job()
