"""A substitute for every step's job: publishes at once a version that names its inputs.

If the step has an MLflow run, one is created through REST, because importing MLflow is slow.
"""

import sys
import time
from typing import Any

from dustjacket.pipeline.job import Job
from dustjacket.pipeline.plan import Plan
from dustjacket.pipeline.steps import STEPS
from dustjacket.settings import Settings, load_settings
from dustjacket.storage.store import Store
from dustjacket.tracking.links import rest_client
from tests.support.facts import least_facts


def leave_run(settings: Settings, plan: Plan) -> None:
    name = STEPS[plan.step].experiment
    tags = {"dag_id": plan.step, "dag_run_id": plan.dag_run_id, "version": plan.version}
    with rest_client(settings, timeout=60) as mlflow:
        mlflow.post("/experiments/create", json={"name": name})  # if another has not
        found = mlflow.get("/experiments/get-by-name", params={"experiment_name": name}).json()
        begun = {
            "experiment_id": found["experiment"]["experiment_id"],
            "run_name": plan.version,
            "start_time": time.time_ns() // 1_000_000,
            "tags": [{"key": key, "value": value} for key, value in tags.items()],
        }
        mlflow.post("/runs/create", json=begun).raise_for_status()


if __name__ == "__main__":
    plan = Plan.model_validate_json(sys.argv[sys.argv.index("--plan") + 1])
    store = Store(load_settings())
    step = STEPS[plan.step]
    job: Job[Any] = Job.of(plan, store)
    job.draft.put("worked-on.txt", plan.model_dump_json().encode())
    if step.experiment:
        leave_run(store.settings, plan)
    facts = least_facts(step.publishes)
    if step.promotes_to and (champion := store.newest(step.promotes_to)):
        facts["champion_version"] = f"{champion.kind}/{champion.version}"
    job.publish(step.facts.model_validate(facts), rows={"files": 1})
