"""The notebook of the documentation runs, against a Studio and published versions."""

import nbformat
import pytest
from nbclient import NotebookClient

from dustjacket.settings import Settings
from dustjacket.storage.store import Store
from tests.conftest import ROOT
from tests.integration.studio.test_create_page import served
from tests.support.published import publish_all

pytestmark = pytest.mark.integration


def test_every_cell_of_the_notebook_runs(tmp_path, monkeypatch):
    folder = tmp_path / "bucket"
    folder.mkdir()
    publish_all(Store(Settings(_env_file=None, folder=folder)))
    book = nbformat.read(ROOT / "docs/notebook.ipynb", as_version=4)
    with served(tmp_path / "home") as (address, _):
        monkeypatch.setenv("DUSTJACKET_FOLDER", str(folder))
        monkeypatch.setenv("DUSTJACKET_STUDIO_URL", address)
        monkeypatch.setenv("DUSTJACKET_HOME", str(tmp_path / "home"))
        NotebookClient(book, timeout=120, kernel_name="python3").execute(cwd=tmp_path)
    shown = [
        kind
        for cell in book.cells
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
    ]
    assert shown.count("text/html") >= 7, "tables and covers"
    assert {"image/png", "image/jpeg"} <= set(shown), "a comparison and a concept"
