"""In place of every step's job: publishes at once a version that says what it worked on."""

import sys

from dustjacket.job import Job
from dustjacket.settings import load_settings
from dustjacket.steps import STEPS, Plan
from dustjacket.storage import Store

if __name__ == "__main__":
    plan = Plan.model_validate_json(sys.argv[sys.argv.index("--plan") + 1])
    store = Store(load_settings())
    draft = store.draft(STEPS[plan.step].publishes, plan.version)
    draft.put("worked-on.txt", plan.model_dump_json().encode())
    Job(plan, store, draft, store.settings).publish(rows={"files": 1}, facts={"promoted": True})
