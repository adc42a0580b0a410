"""In place of every step's job: publishes at once a version that says what it worked on."""

from dustjacket.job import run_job


def light(job, spark):
    job.draft.put("worked-on.txt", job.plan.model_dump_json().encode())
    job.publish(rows={"files": 1}, facts={"promoted": True})


if __name__ == "__main__":
    run_job(light)
