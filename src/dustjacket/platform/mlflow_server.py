"""MLflow's server with a login, confined to artifacts of its own; gunicorn loads it.

MLflow lets its clients name the places of artifacts and addresses to call, and reaches them with
its own rights. So a login is not enough: whoever has one would read and write the owner's files.
Here MLflow reaches one folder alone, and no other server.
"""

import json
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dustjacket.settings import Settings, home

if TYPE_CHECKING:
    from flask import Flask, Response

ARTIFACTS, ARTIFACT_ROOT = "mlflow-artifacts", "mlflow-artifacts:/"
AUTH_CONFIG = "mlflow-auth.ini"
PASSWORDS = "airflow-passwords.json"
"""The platform's own account at Airflow, which may log in to MLflow too."""

_AREA = re.compile(r"/(?:ajax-)?api/[23]\.0/?mlflow(?:-artifacts)?/([a-z-]+)")
_AREAS = frozenset(
    [
        "artifacts", "datasets", "experiments", "get-trace-artifact", "logged-models", "metrics",
        "model-versions", "mpu", "registered-models", "roles", "runs", "server-info", "traces",
        "ui-telemetry", "upload-artifact", "users",
    ]
)  # fmt: skip
"""Areas of the API that are open. The others make the server call addresses or run code (gateway,
webhooks, scorers, jobs), or are not used here."""
_PAGES = ("/", "/health", "/version", "/get-artifact", "/model-versions/get-artifact", "/graphql")
_STATIC = ("/static-files/", "/build/")
_UPLOADS = ("/mlflow-artifacts/", "/upload-artifact")

# The keys of JSON that hold a place of artifacts, without underscores and dots, in lower case.
_PLACE = re.compile(r"(?:artifact|archive|storage)(?:location|root|ur[il])$")
_OWN_PLACE = re.compile(r"(?:mlflow-artifacts|models|runs):/(?!/)[^%\\]*")


def create(port: int, address: str = "") -> "Flask":
    """Return the WSGI application of the platform in ``DUSTJACKET_HOME``, served at ``port``.

    Args:
        address: another ``host:port`` by which clients name the server.
    """
    folder = home()
    # Not of platform.env, which may be of the start before.
    database = Settings(_env_file=None).mlflow_database or f"sqlite:///{folder / 'mlflow.db'}"
    artifacts = folder / ARTIFACTS
    artifacts.mkdir(mode=0o700, exist_ok=True)
    hosts = [f"{name}:{port}" for name in ("127.0.0.1", "localhost")]
    hosts += [address] if address and address not in hosts else []
    os.environ.update(
        {
            # What `mlflow server` sets for its workers.
            "_MLFLOW_SERVER_FILE_STORE": database,
            "_MLFLOW_SERVER_ARTIFACT_ROOT": ARTIFACT_ROOT,
            "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(artifacts),
            "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
            "MLFLOW_AUTH_CONFIG_PATH": str(folder / AUTH_CONFIG),
            "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(32),
            "MLFLOW_SERVER_ALLOWED_HOSTS": ",".join(hosts),
            "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": ",".join(f"http://{host}" for host in hosts),
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
    )
    from mlflow.server import auth, handlers

    handlers.initialize_backend_stores(database, database, ARTIFACT_ROOT)
    app: Flask = auth.create_app()
    confine_artifacts(artifacts)
    # After MLflow's own check of the login, so that only who is logged in sees a reason.
    app.before_request(lambda: refusal([f"http://{host}" for host in hosts]))
    return app


def confine_artifacts(folder: Path) -> None:
    """Let MLflow open artifacts below ``folder`` alone, whatever its database names."""
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import PERMISSION_DENIED
    from mlflow.store.artifact import artifact_repository_registry as repositories
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

    class OwnArtifacts(LocalArtifactRepository):
        def __init__(self, artifact_uri: str, *args: Any, **kwargs: Any) -> None:
            super().__init__(artifact_uri, *args, **kwargs)
            if not Path(self.artifact_dir).resolve().is_relative_to(folder.resolve()):
                refuse(artifact_uri)

    def refuse(artifact_uri: str, *_: Any, **__: Any) -> Any:
        raise MlflowException(
            f"{artifact_uri} is outside of MLflow's artifacts: only {ARTIFACT_ROOT} is served",
            error_code=PERMISSION_DENIED,
        )

    registry: Any = repositories._artifact_repository_registry  # its methods have no types
    for scheme in list(registry.get_registered_artifact_repositories()):
        registry.register(scheme, OwnArtifacts if scheme in ("", "file") else refuse)


def refusal(origins: list[str]) -> "Response | None":
    """Return the response that refuses the present request, or None if MLflow may handle it.

    Refused are requests that another site's page sent, areas of the API that are not open, and
    bodies that name a place outside MLflow's artifacts.

    Args:
        origins: addresses of this server, as a browser names them.
    """
    from flask import Response, request

    def refused(status: int, reason: str) -> Response:
        error = {"error_code": "PERMISSION_DENIED", "message": reason}
        return Response(json.dumps(error), status, mimetype="application/json")

    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    navigation = request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    if (origin and origin not in origins) or (
        site not in (None, "same-origin", "none") and not navigation
    ):
        return refused(403, "a page of another site sent this request")
    rule = request.url_rule.rule if request.url_rule else None
    if rule is None:
        return None  # MLflow answers that there is no such page
    if not is_open(rule):
        return refused(403, f"{rule} is closed on this server")
    if request.method in ("POST", "PUT", "PATCH") and not any(part in rule for part in _UPLOADS):
        body = request.get_json(force=True, silent=True)
        for place in places(body, of_model="/model-versions/" in rule):
            if not is_own(place):
                return refused(400, f"{place!r} is outside of MLflow's artifacts: {ARTIFACT_ROOT}")
    return None


def is_open(rule: str) -> bool:
    """Return whether requests to this rule of MLflow's URL map are handled."""
    area = _AREA.match(rule)
    return area[1] in _AREAS if area else rule in _PAGES or rule.startswith(_STATIC)


def places(body: Any, *, of_model: bool = False) -> Iterator[Any]:
    """Yield what a request names as places of artifacts: fields, tags and double-encoded JSON.

    Args:
        body: the request's JSON.
        of_model: the field ``source`` is such a place too; in a dataset it only describes.
    """
    if isinstance(body, str) and body.lstrip().startswith("{"):
        try:
            body = json.loads(body)
        except ValueError:
            return
    if isinstance(body, list):
        for item in body:
            yield from places(item, of_model=of_model)
    if not isinstance(body, dict):
        return
    fields = [*body.items()]
    if isinstance(body.get("key"), str):
        fields.append((body["key"], body.get("value")))
    for key, value in fields:
        name = re.sub(r"[^a-z]", "", key.lower())
        if value and (_PLACE.search(name) or (of_model and name == "source")):
            yield value
        else:
            yield from places(value, of_model=of_model)


def is_own(place: Any) -> bool:
    """Return whether a place is one of MLflow's own artifacts, runs or models."""
    return (
        isinstance(place, str)
        and bool(_OWN_PLACE.fullmatch(place))
        and ".." not in re.split(r"[/:]", place)
    )
