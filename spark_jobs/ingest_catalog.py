"""Spark job of the step ``ingest_catalog``."""

from dustjacket.catalog.ingest import ingest_catalog
from dustjacket.pipeline.job import run_job

if __name__ == "__main__":
    run_job(ingest_catalog)
