"""Whatever the schema allows, and what it does not, is answered without a failure of the server."""

import threading
import time

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dustjacket.platform.ports import any_free
from tests.support.studio_case import OURS, app

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
]  # fmt: skip
ASKED = ["POST /genre", "POST /covers/search", "POST /match", "POST /feedback"]
OPERATIONS = [
    *ASKED, "POST /genre/batch", "GET /covers/{cover}/image", "GET /models", "GET /metrics",
    "GET /health",
]  # fmt: skip


@pytest.fixture(scope="module")
def operations(tmp_path_factory):
    found = app(tmp_path_factory.mktemp("schema"), studio_feedback=True)
    found.state.studio.feedback.flush = lambda: None
    server = uvicorn.Server(uvicorn.Config(found, port=any_free(), log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{server.config.port}/openapi.json")
    every = [result.ok() for result in schema.get_all_operations()]
    yield {f"{one.method.upper()} {one.path}": one for one in every}
    server.should_exit = True
    thread.join()


def test_every_operation_is_tried(operations):
    assert set(operations) == set(OPERATIONS)


@pytest.mark.parametrize(
    ("operation", "mode"),
    [(operation, GenerationMode.POSITIVE) for operation in OPERATIONS]
    + [(operation, GenerationMode.NEGATIVE) for operation in ASKED],
)
def test_any_question_has_an_answer_or_a_reason(operations, operation, mode):
    @given(operations[operation].as_strategy(generation_mode=mode))
    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    def answered(case):
        case.call_and_validate(headers=OURS, checks=CHECKS)

    answered()
