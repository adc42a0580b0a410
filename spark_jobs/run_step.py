"""The Spark job of every step; the plan on its command line names the step."""

from dustjacket.pipeline.job import run_job

if __name__ == "__main__":
    run_job()
