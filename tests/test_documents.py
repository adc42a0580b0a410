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
MODULES = [str(file) for part in ("dags", "plugins", "spark_jobs", "src", "tests")
           for file in (ROOT / part).rglob("*.py")]  # fmt: skip


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


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_each_block_names_its_language_and_ends(document):
    fences = re.findall(r"^ *```(.*)$", document.read_text(), re.MULTILINE)
    assert all(fences[::2]), "a block begins without a language: the one before has two ends"
    assert not any(fences[1::2])
    assert len(fences) % 2 == 0


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_code_that_it_names_exists(document):
    if document.name == "CHANGELOG.md":
        pytest.skip("it names what was removed, too")
    for path, name in re.findall(r"`([\w/]+\.py)(?::([\w.]+))?", document.read_text()):
        files = [file for file in MODULES if file.endswith(f"/{path}")]
        assert files, path
        texts = "".join(Path(file).read_text() for file in files)
        line = rf"^ *(async def |def |class )?{name.split('.')[-1]}\b"
        assert not name or re.search(line, texts, re.MULTILINE), (path, name)


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
