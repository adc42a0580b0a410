"""Spark job of the step ``evaluate_clip``."""

from dustjacket.evaluation.evaluate import evaluate_clip
from dustjacket.pipeline.job import run_job

if __name__ == "__main__":
    run_job(evaluate_clip)
