"""The Airflow plugin, as every Airflow process imports it."""

import importlib
import subprocess
import sys
import tomllib

from airflow._shared.plugins_manager.plugins_manager import is_valid_plugin

from tests.conftest import ROOT


def test_the_package_declares_the_plugin_as_an_entry_point():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, name = project["entry-points"]["airflow.plugins"]["dustjacket"].split(":")
    assert is_valid_plugin(getattr(importlib.import_module(module), name))
    assert not [*(ROOT / "plugins").glob("**/*.py")], "Airflow would load it twice"


def test_reading_the_plugin_loads_nothing():
    """What costs time is loaded at the proxy's first request: a fresh Python says so."""
    code = (
        "import sys, time, airflow.plugins_manager\n"
        "before, began = set(sys.modules), time.perf_counter()\n"
        "import dustjacket.studio.airflow_plugin\n"
        "seconds = time.perf_counter() - began\n"
        "new = set(sys.modules) - before\n"
        "print(sorted(new & {'torch', 'fastapi', 'httpx', 'mlflow', 'numpy', 'pyarrow'}), seconds)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded, seconds = done.stdout.strip().splitlines()[-1].rsplit(" ", 1)
    assert loaded == "[]"
    assert float(seconds) < 0.3


def test_the_home_page_of_airflow_says_where_to_begin():
    code = (
        "import airflow.api_fastapi.app\n"
        "from airflow import plugins_manager\n"
        "from airflow.api_fastapi.core_api.routes.ui.config import DASHBOARD_UIALERTS\n"
        "plugins_manager._get_plugins()\n"
        "print([alert.text for alert in DASHBOARD_UIALERTS])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    line = done.stdout.strip().splitlines()[-1]
    assert line.count("(plugin/studio)") == line.count("(dags/ingest_catalog)") == 1
