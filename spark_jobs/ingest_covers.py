"""Spark job of the step ``ingest_covers``."""

from dustjacket.covers.ingest import ingest_covers
from dustjacket.pipeline.job import run_job

if __name__ == "__main__":
    run_job(ingest_covers)
