"""The app as a whole: the page, uploads, browser headers, and models that come and go."""

import threading

from dustjacket.studio.problems import SECURITY_HEADERS
from tests.support.images import drawn, saved
from tests.support.studio_case import (
    RICE,
    assert_problem,
    loaded_classifier,
    loaded_index,
    make_app,
    running,
)


def test_a_picture_stays_in_memory(studio, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    large = saved(drawn(2, (1400, 2100)), "PNG")
    assert len(large) > 1 << 20
    assert studio.post("/match", files={"image": large}).status_code == 200


def test_without_models_the_error_names_the_dag_to_run(tmp_path):
    with running(make_app(tmp_path, empty=True)) as client:
        assert client.get("/health").json() == {"status": "ok", "genres": False, "covers": False}
        body = assert_problem(client.post("/genre", json=RICE), 503, "classifier")
        assert body["dag"] == "ingest_catalog"
        body = assert_problem(client.post("/covers/search", json=RICE), 503, "index")
        assert body["dag"] == "ingest_covers"
        assert_problem(client.get("/covers/1/image"), 503)
        models = client.get("/models").json()
        assert (models["classifier"], models["covers"]) == (None, 0)


def test_another_host_name_of_this_machine_is_refused(studio):
    assert studio.get("/models", headers={"Host": "elsewhere.example"}).status_code == 400


def test_every_response_makes_browsers_load_only_our_files(studio):
    for path in ("/", "/health", "/models", "/nothing", "/openapi.json", "/metrics"):
        response = studio.get(path)
        assert {name: response.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS, path
        assert "access-control-allow-origin" not in response.headers


def test_models_are_replaced_while_queries_run(tmp_path):
    """Every answer comes from one pair of model and index, and none fails."""
    pairs = {
        version: (loaded_classifier(f"classifier-{version}"), loaded_index(version, int(version)))
        for version in "123"
    }
    app = make_app(tmp_path)
    models, stop, seen = app.state.studio.models, threading.Event(), []
    with running(app) as client:

        def replace():
            while not stop.is_set():
                for pair in pairs.values():
                    models.classifier.model, models.index.model = pair
                    stop.wait(0.005)

        swapping = threading.Thread(target=replace)
        swapping.start()
        try:
            for number in range(60):
                response = client.post("/covers/search", json={"title": f"Rice {number}"})
                assert response.status_code == 200
                model, index = (row["version"] for row in response.json()["by"])
                assert model.removeprefix("model-") == index.removeprefix("index-")
                seen.append(model)
        finally:
            stop.set()
            swapping.join()
    assert len(set(seen)) > 1
