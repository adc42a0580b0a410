"""Spark with Python workers, then two TorchDistributor processes; waits in both for inspection."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

from dustjacket.clip.distribute import run_distributed
from dustjacket.clip.step import ClipParameters
from dustjacket.pipeline.spark import session
from dustjacket.settings import load_settings


def wait(rows: Iterable[Any]) -> Iterator[Any]:
    time.sleep(4)
    yield from rows


def meet(seconds: float) -> None:
    import os

    import torch
    import torch.distributed as dist

    dist.init_process_group(
        "gloo",
        init_method="file://" + os.environ["DUSTJACKET_RENDEZVOUS"],
        rank=int(os.environ["RANK"]),
        world_size=int(os.environ["WORLD_SIZE"]),
    )
    ones = torch.ones(1)
    dist.all_reduce(ones)
    assert ones.item() == 2
    time.sleep(seconds)
    dist.destroy_process_group()


if __name__ == "__main__":
    spark = session(load_settings(), "working")
    address = f"s3a://{load_settings().bucket}/working/table"
    spark.range(1000).repartition(2).write.mode("overwrite").parquet(address)
    rows = spark.read.parquet(address).rdd.mapPartitions(wait).count()
    print("rows", rows, flush=True)
    run_distributed(spark, ClipParameters(processes=2), meet, 4)
    print("met", flush=True)
    spark.stop()
    sys.exit(0)
