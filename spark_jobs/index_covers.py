"""Spark job of the step ``index_covers``."""

from dustjacket.pipeline.job import run_job
from dustjacket.retrieval.build import index_covers

if __name__ == "__main__":
    run_job(index_covers)
