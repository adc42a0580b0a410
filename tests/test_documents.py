"""Documents: their links lead somewhere, the commands in them exist, and the README is short."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
NAMES = [str(document.relative_to(ROOT)) for document in DOCUMENTS]
MAX_README_LINES = 180


def anchors(text):
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_links_lead_to_files_and_headings(document):
    text = document.read_text()
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = document.parent / path if path else document
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text()), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_make_targets_and_benchmarks_exist(document):
    text = document.read_text()
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in re.findall(r"`make ([\w-]+)|^    make ([\w-]+)", text, re.MULTILINE):
        assert "".join(target) in targets
    for name in re.findall(r"make bench\s+NAME=([\w-]+)", text):
        assert (ROOT / "tests/benchmarks" / f"{name.replace('-', '_')}.py").exists(), name


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= MAX_README_LINES


def test_the_site_builds_strictly_with_its_reference(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": f"{ROOT}:{ROOT}/src"}
    built = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    reference = {
        "command_line": "dustjacket covers", "json": "max_error", "python": "dj.compare",
        "api": "POST /genre/batch", "parameters": "require_approval",
        "settings": "DUSTJACKET_STUDIO_URL",
    }  # fmt: skip
    for page, text in reference.items():
        assert text in (tmp_path / f"reference/{page}.html").read_text(), page
    assert "https://fonts" not in (tmp_path / "index.html").read_text()
