"""Spark job of the step ``select_classifier``."""

from dustjacket.genres.select import select_classifier
from dustjacket.pipeline.job import run_job

if __name__ == "__main__":
    run_job(select_classifier)
