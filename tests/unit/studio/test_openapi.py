"""Requests within and outside of the OpenAPI schema get a documented response."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dustjacket.studio.blind_pairs import BlindPairs
from dustjacket.studio.candidate import Compared
from dustjacket.studio.concept_jobs import ConceptJobs
from tests.support.bucket import store_in_memory
from tests.support.generators import WorkerInThread, drawing_tools, publish_pictures
from tests.support.review_case import publish_review
from tests.support.studio_case import HEADERS, make_app, manifest

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
]  # fmt: skip
QUERIES = [
    "POST /genre", "POST /genre/why", "POST /covers/search", "POST /match", "POST /feedback",
    "POST /create", "POST /create/own-art", "POST /review",
    "POST /v1/projects/{project}/suggest", "POST /v1/projects/{project}/suggest-batch",
]  # fmt: skip
OPERATIONS = [
    *QUERIES, "POST /genre/batch", "POST /genre/batch/xlsx", "GET /covers/{cover}",
    "GET /covers/{cover}/image",
    "POST /picture", "POST /compare",
    "GET /models", "GET /steps", "GET /operations", "GET /metrics", "GET /health",
    "GET /create/{job}", "DELETE /create/{job}",
    "POST /pairs", "POST /pairs/{pair}", "GET /pairs/{pair}/{side}", "GET /pairs/results",
    "GET /create/{job}/{number}/preview", "GET /create/{job}/{number}/cover.{form}",
    "GET /review", "GET /review/corrections.csv", "GET /v1/", "GET /v1/projects",
    "GET /v1/projects/{project}",
]  # fmt: skip
LOCAL = {"Host": "127.0.0.1"}


@pytest.fixture
def operations(tmp_path):
    """The operations of an app of each test's own: Schemathesis stops the app after a test."""
    app = make_app(tmp_path, studio_feedback=True)
    app.state.studio.feedback.flush = lambda: None
    app.state.studio.concepts = ConceptJobs(WorkerInThread(drawing_tools))
    app.state.studio.candidates.compared = lambda index: Compared(
        manifest("clip_candidate", "test-2"), index.clip, index.index, index.index
    )
    store = store_in_memory()
    publish_pictures(store)
    app.state.studio.pairs = BlindPairs(store)
    app.state.studio.models.store.client = store_in_memory().client
    publish_review(app.state.studio.models.store)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, headers=LOCAL)
    found = [result.ok() for result in schema.get_all_operations()]
    return {f"{operation.method.upper()} {operation.path}": operation for operation in found}


def test_every_operation_is_tried(operations):
    assert set(operations) == set(OPERATIONS)


@pytest.mark.parametrize(
    ("operation", "mode"),
    [(operation, GenerationMode.POSITIVE) for operation in OPERATIONS]
    + [(operation, GenerationMode.NEGATIVE) for operation in QUERIES],
)
def test_any_request_gets_a_documented_response(operations, operation, mode):
    @given(operations[operation].as_strategy(generation_mode=mode))
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    def conforms(case):
        case.call_and_validate(headers={**HEADERS, **LOCAL}, checks=CHECKS)

    conforms()
