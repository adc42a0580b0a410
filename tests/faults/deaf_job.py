"""Fine-tuning whose driver, after a while, closes the socket that the processes' logs come by."""

import threading

from pyspark.ml.torch.log_communication import LogStreamingServer

from dustjacket.clip.finetune import finetune_clip
from dustjacket.job import run_job

start = LogStreamingServer.start


def start_and_stop(server, **given):
    start(server, **given)
    threading.Timer(25, stop, [server]).start()


def stop(server):
    server.shutdown()
    print("the logs' socket is closed", flush=True)


if __name__ == "__main__":
    LogStreamingServer.start = start_and_stop
    run_job(finetune_clip)
