"""Spark job of the step ``label_covers``."""

from dustjacket.genres.labels import label_covers
from dustjacket.pipeline.job import run_job

if __name__ == "__main__":
    run_job(label_covers)
