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
    champion = store.newest("cover_clip")
    facts = {
        "promoted": True,
        "verdict": "promoted",
        "reason": "it is light",
        "champion_version": f"cover_clip/{champion.version}" if champion else "starting_clip/none",
        "rules": [{"name": "better", "held": True, "sentence": "it is light"}],
    }
    Job(plan, store, draft, store.settings).publish(rows={"files": 1}, facts=facts)
