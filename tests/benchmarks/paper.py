"""Every figure and claim of the paper, measured here: writes ``docs/paper.md``.

Rozhevskii, Gupta and Maganur, "Fine-Tuning CLIP model with Classified Book Cover Images in
PySpark". The classifiers are trained on the listing that ``DATA`` names, by the authors' protocol,
on ``SPLITS`` random splits (10 without); CLIP on the sample library with ``COVERS`` covers (1,200
without), by ``SEEDS`` seeds (5 without). Intervals are at 95 %.

``PART=classifiers`` or ``PART=clip`` measures one half anew; the other's rows stay as they were
measured last, in ``docs/paper.json``.
"""

import json
import os
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.paper_claims import Claim
from tests.benchmarks.paper_classifiers import classifier_claims
from tests.benchmarks.paper_clip import clip_claims

PAGE = Path(__file__).parents[2] / "docs" / "paper.md"
MEASURED = PAGE.with_suffix(".json")
PARTS = {"classifiers": classifier_claims, "clip": clip_claims}
_HEADER = """# The paper's claims, measured

*Fine-Tuning CLIP model with Classified Book Cover Images in PySpark* (Rozhevskii, Gupta, Maganur)
gives figures and makes claims. Each is below, with what this project measures for it, and whether
it is reproduced, contradicted or cannot be tested. `make paper` measures everything anew and writes
this page; intervals are at 95 %.

"""


def fixed_claims():
    """Return what needs no measurement, or cannot have one."""
    return [
        Claim(
            "abstract, 5",
            "CLIP is a generative model that creates images from text",
            "CLIP embeds images and texts and generates neither; the paper's results are "
            "similarities, not images",
            "contradicted by CLIP's definition (Radford et al. 2021)",
            "-",
        ),
        Claim(
            "3.4",
            "TorchDistributor parallelises the fine-tuning of ViT-B/32",
            "`finetune_clip` does so; the same batches give the same weights for any number of "
            "processes",
            "reproduced",
            "`make bench NAME=clip-scaling`",
        ),
        Claim(
            "3.2",
            "20,590 covers fine-tune CLIP",
            "the cover set is not published",
            "cannot be tested",
            "-",
        ),
        Claim(
            "5",
            "Logistic Regression classifies *cover images*",
            "the paper's classifiers read titles and authors only (its 3.3)",
            "contradicted by the paper's own method",
            "-",
        ),
    ]


def page(claims):
    """Return the page as Markdown."""
    rows = [f"| {c.where} | {c.claim} | {c.measured} | {c.verdict} | {c.command} |" for c in claims]
    head = "| section | the paper | measured | verdict | command |\n|---|---|---|---|---|\n"
    return _HEADER + head + "\n".join(rows) + "\n"


def main():
    """Measure all claims, or those of one part, and write the page."""
    rows = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    for part in [os.environ["PART"]] if os.environ.get("PART") else PARTS:
        rows[part] = [asdict(claim) for claim in PARTS[part]()]
        MEASURED.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    measured = [Claim(**row) for part in PARTS for row in rows.get(part, [])]
    PAGE.write_text(page([*measured, *fixed_claims()]))
    print(PAGE.read_text())


if __name__ == "__main__":
    main()
