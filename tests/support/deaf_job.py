"""Fine-tuning whose driver closes the connection that a process's logs come by, after a line."""

from pyspark.ml.torch.log_communication import WriteLogToStdout

from dustjacket.clip.finetune import finetune_clip
from dustjacket.pipeline.job import run_job


def read_a_line(self):
    next(self._read_bline())
    print("the logs' connection is closed", flush=True)


if __name__ == "__main__":
    WriteLogToStdout.handle = read_a_line
    run_job(finetune_clip)
