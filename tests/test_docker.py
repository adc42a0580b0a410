"""The files of docker/: valid, hardened, without a default password, and pinned."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
DOCKER = ROOT / "docker"
COMPOSE = DOCKER / "compose.yaml"
DOCKERFILE = DOCKER / "Dockerfile"
PROGRAMS = Path(sys.executable).parent


CERTIFICATE = {"tls_certificate", "tls_key"}


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def services():
    return yaml.safe_load(COMPOSE.read_text())["services"]


def test_the_dockerfile_passes_hadolint():
    run(PROGRAMS / "hadolint", DOCKERFILE)


def test_the_compose_file_fits_its_schema():
    run(PROGRAMS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE)


@pytest.mark.skipif(not shutil.which("docker"), reason="no docker command")
def test_compose_reads_its_file_with_every_setting_of_the_example(tmp_path):
    example = (DOCKER / ".env.example").read_text()
    everything = re.sub(r"^#(?=[A-Z_]+=)", "", example, flags=re.MULTILINE)
    (tmp_path / "env").write_text(everything)
    options = ("docker", "compose", "-f", COMPOSE, "--env-file", tmp_path / "env")
    if subprocess.run([*options[:2], "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker has no compose")
    run(*options, "config", "--quiet")


def test_the_example_explains_each_setting_and_no_other():
    used = set(re.findall(r"\$\{([A-Z_0-9]+)", COMPOSE.read_text()))
    explained = re.findall(r"^#([A-Z_0-9]+)=", (DOCKER / ".env.example").read_text(), re.MULTILINE)
    assert set(explained) - {"COMPOSE_PROFILES"} == used
    assert len(explained) == len(set(explained))


def test_no_line_of_a_dockerfile_is_an_image_to_pull():
    text = DOCKERFILE.read_text()
    assert not re.search(r"^#\s*syntax\s*=", text, re.IGNORECASE | re.MULTILINE)
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", text, re.MULTILINE))
    bases = set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) - stages
    assert bases == {"${BASE}"}


def test_every_image_and_package_is_pinned():
    text = DOCKERFILE.read_text()
    assert re.search(r"^ARG BASE=\S+:3\.\d+-\S+$", text, re.MULTILINE)
    uv = re.search(r"UV_VERSION=(\S+)", (ROOT / "src/dustjacket/platform/setup.sh").read_text())
    assert f"uv=={uv[1]}" in text
    for install in re.findall(r"uv pip install(.*?)(?:\n(?! )|\Z)", text, re.DOTALL):
        pinned = "--constraint" in install or "/wheel/*.whl" in install or "==" in install
        assert pinned, install
    for name, service in services().items():
        tag = service["image"].rpartition(":")[2]
        assert re.fullmatch(r"-?\d+\.\d+.*", tag.replace("-}", "").removeprefix("$")), name


@pytest.mark.parametrize("name", services())
def test_a_container_has_no_right_that_it_does_not_need(name):
    service = services()[name]
    assert service["read_only"]
    assert service["init"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "pid", "ipc", "network_mode"} & service.keys()
    if name not in ("airflow-api", "proxy"):
        assert "ports" not in service
    if "restart" in service and service["restart"] == "no":
        return
    assert "healthcheck" in service


def test_no_volume_is_without_a_name_and_outlives_its_stack():
    declared = yaml.safe_load(COMPOSE.read_text())["volumes"].keys()
    used = set()
    for name, service in services().items():
        for volume in service.get("volumes", []):
            source, separator, _ = volume.partition(":/")
            assert separator, f"{name}: {volume}"
            if not source.startswith((".", "$")):
                used.add(source)
    assert used == declared


def test_airflow_alone_is_published_on_loopback():
    assert services()["airflow-api"]["ports"] == ["${ADDRESS:-127.0.0.1}:${PORT:-8080}:8080"]


def test_the_proxy_is_started_by_its_profile_alone_and_serves_nothing_but_tls():
    proxy = services()["proxy"]
    assert proxy["profiles"] == ["tls"]
    assert proxy["ports"] == ["${TLS_ADDRESS:-0.0.0.0}:${TLS_PORT:-443}:8443"]
    assert set(proxy["secrets"]) == CERTIFICATE
    config = re.sub(r"#.*", "", (DOCKER / "proxy.conf").read_text())
    assert re.findall(r"\blisten ([^;]+);", config) == ["8443 ssl http2", "127.0.0.1:8081"]
    assert re.findall(r"ssl_protocols ([^;]+);", config) == ["TLSv1.2 TLSv1.3"]
    named = set(re.findall(r"/run/secrets/(\w+)", config))
    assert named == CERTIFICATE
    assert set(re.findall(r"http://([\w-]+:\d+)", config)) == {"airflow-api:8080"}
    written = re.findall(r"(?:_path|pid) ([^;]+);", config)
    assert all(path.startswith("/tmp/") for path in written), "the rest is read-only"  # noqa: S108
    assert len(written) == 6


@pytest.mark.skipif(not shutil.which("nginx"), reason="no nginx on this machine")
@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl on this machine")
def test_nginx_reads_the_configuration_of_the_proxy(tmp_path):
    key, certificate = tmp_path / "tls_key", tmp_path / "tls_certificate"
    made = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost")
    run(*made, "-keyout", key, "-out", certificate)
    config = (DOCKER / "proxy.conf").read_text().replace("/tmp/", f"{tmp_path}/")  # noqa: S108
    (tmp_path / "nginx.conf").write_text(config.replace("/run/secrets", str(tmp_path)))
    run("nginx", "-t", "-e", "stderr", "-c", tmp_path / "nginx.conf")


@pytest.mark.parametrize(
    ("name", "schema"), [("github", "vendor.github-workflows"), ("gitlab", "vendor.gitlab-ci")]
)
def test_ready_pipelines_fit_their_schema_and_build_every_image(name, schema):
    file = DOCKER / "ci" / f"{name}.yaml"
    run(PROGRAMS / "check-jsonschema", "--builtin-schema", schema, file)
    text = file.read_text()
    pushed = set(re.search(r"for image in ([a-z0-9 ]+); do", text)[1].split())
    assert pushed == {
        service["build"]["target"] for service in services().values() if "build" in service
    }
    targets = set(re.findall(r"\bmake ([a-z- ]+)$", text, re.MULTILINE))
    declared = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert targets
    assert {target for line in targets for target in line.split()} <= declared
    for step in ("dags", ".ci/run"):
        assert (ROOT / step).exists()
        assert step in text
    assert set(re.findall(r"DUSTJACKET_ENV: (\w+)", text)) == {"staging", "production"}


def test_every_image_runs_as_an_account_without_rights():
    text = DOCKERFILE.read_text()
    stages = re.split(r"^FROM ", text, flags=re.MULTILINE)[1:]
    by_name = {re.match(r"\S+ AS (\S+)", stage)[1]: stage for stage in stages}
    run_as = {
        name: re.findall(r"^USER (\S+)", stage, re.MULTILINE) for name, stage in by_name.items()
    }
    targets = {service["build"]["target"] for service in services().values() if "build" in service}
    assert targets == {"postgres", "s3", "mlflow", "studio", "spark", "airflow", "proxy"}
    assert {name: run_as[name] for name in targets} == {key: ["50000:0"] for key in targets}


def test_each_secret_is_a_file_that_a_service_needs(tmp_path):
    declared = yaml.safe_load(COMPOSE.read_text())["secrets"]
    run(sys.executable, DOCKER / "make_secrets.py", tmp_path / "secrets")
    made = {file.name for file in (tmp_path / "secrets").iterdir()}
    assert made == declared.keys() - CERTIFICATE, "a certificate comes from an authority"
    used = set()
    for name, service in services().items():
        named = {
            value.removeprefix("/run/secrets/")
            for value in service.get("environment", {}).values()
            if str(value).startswith("/run/secrets/")
        }
        assert named <= set(service.get("secrets", [])), name
        used |= set(service.get("secrets", []))
    assert used == declared.keys()


def test_no_service_holds_a_password():
    for name, service in services().items():
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN|KEY|DATABASE", variable):
                assert str(value).startswith("/run/secrets/"), f"{name}: {variable}"


def test_secrets_are_made_once_and_closed_to_other_accounts(tmp_path):
    folder = tmp_path / "secrets"
    run(sys.executable, DOCKER / "make_secrets.py", folder)
    before = {file.name: file.read_text() for file in folder.iterdir()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (folder / "studio_token").unlink()
    printed = run(sys.executable, DOCKER / "make_secrets.py", folder)
    after = {file.name: file.read_text() for file in folder.iterdir()}
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"studio_token"}
    assert "made studio_token" in printed
    assert not [value for value in after.values() if value.strip() in printed]
    assert before["postgres_password"].strip() in before["airflow_database"]
    identity = json.loads(before["s3.json"])["identities"][0]["credentials"][0]
    assert identity["secretKey"] == before["s3_secret_key"].strip()


def test_a_folder_in_place_of_a_secret_is_refused(tmp_path):
    (tmp_path / "airflow_password").mkdir(parents=True)
    command = [sys.executable, DOCKER / "make_secrets.py", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "airflow_password is a folder" in done.stderr


@pytest.mark.parametrize("script", sorted(DOCKER.glob("*.sh")), ids=lambda file: file.name)
def test_scripts_are_valid(script):
    assert os.access(script, os.X_OK)
    run("sh", "-n", script)
