"""Spark job of the step ``finetune_clip``."""

from dustjacket.clip.finetune import finetune_clip
from dustjacket.pipeline.job import run_job

if __name__ == "__main__":
    run_job(finetune_clip)
