"""The Kubernetes files: valid, restricted, and with secrets by name alone.

``docker/kubernetes/rendered.yaml`` is what ``helm template`` makes of the chart, so that what the
chart gives can be checked where there is no helm.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
KUBERNETES = ROOT / "docker/kubernetes"
RENDERED = KUBERNETES / "rendered.yaml"
OLDEST, NEWEST = "1.30", "1.37"


def objects(kind=None):
    found = [each for each in yaml.safe_load_all(RENDERED.read_text()) if each]
    return [each for each in found if kind in (None, each["kind"])]


def pods():
    """Return each pod that the chart makes, by the name of what makes it."""
    templates = {each["metadata"]["name"]: each["spec"].get("template") for each in objects()
                 if "spec" in each}  # fmt: skip
    return {name: template["spec"] for name, template in templates.items() if template}


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_what_the_chart_gives_fits_the_schema_of_kubernetes(version):
    program = Path(sys.executable).with_name("kubernetes-validate")
    command = [program, "--strict", "-k", version, RENDERED]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" passed ") == len(objects())


def test_the_chart_gives_what_is_kept_beside_it():
    helm = os.environ.get("HELM") or shutil.which("helm")
    if not helm:
        pytest.skip("no helm: set HELM to the program, or install it (Go module helm.sh/helm/v3)")
    chart = KUBERNETES / "dustjacket"
    command = [helm, "template", "dustjacket", chart, "--namespace", "dustjacket"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    cure = f"{' '.join(map(str, command))} >{RENDERED.relative_to(ROOT)}"
    assert done.stdout == RENDERED.read_text(), cure


@pytest.mark.parametrize("name", pods())
def test_a_pod_is_restricted(name):
    pod = pods()[name]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert not [volume for volume in pod["volumes"] if "hostPath" in volume]
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
        assert not container["image"].endswith(":latest")


def test_no_secret_is_in_the_chart_and_each_is_read_from_a_file():
    assert objects("Secret") == []
    for pod in pods().values():
        mounted = {mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
        for variable in pod["containers"][0]["env"]:
            if variable["name"].endswith("_FILE"):
                assert variable["value"].rpartition("/")[0] in mounted


def test_every_pod_has_a_policy_that_closes_it():
    selectors = [each["spec"]["podSelector"] for each in objects("NetworkPolicy")]
    assert {"matchLabels": {"app.kubernetes.io/part-of": "dustjacket"}} in selectors
    for each in objects():
        if template := each.get("spec", {}).get("template"):
            assert template["metadata"]["labels"]["app.kubernetes.io/part-of"] == "dustjacket"


def test_airflow_s_chart_runs_each_part_as_compose_does():
    values = yaml.safe_load((KUBERNETES / "airflow-values.yaml").read_text())
    services = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]
    parts = {"scheduler": "airflow-scheduler", "apiServer": "airflow-api",
             "dagProcessor": "airflow-dag-processor", "triggerer": "airflow-triggerer"}  # fmt: skip
    for part, service in parts.items():
        assert values[part]["args"] == services[service]["command"]
        given = {variable["name"] for variable in values["env"] + values[part].get("env", [])}
        needed = {name for name in services[service]["environment"] if name.endswith("_FILE")}
        assert needed <= given
