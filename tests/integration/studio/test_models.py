"""New versions in a real store while queries run: none fails, and pairs stay pairs."""

import io
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from safetensors.numpy import save as save_arrays

from dustjacket.clip.model import random_model
from dustjacket.clip.model import save as save_model
from dustjacket.clip.step import MODEL_FOLDER
from dustjacket.genres.scorer import Scorer
from dustjacket.retrieval.read import EMBEDDINGS, INDEX_COLUMNS, ROWS, VECTORS, weights_of
from dustjacket.storage.manifest import version_name
from dustjacket.studio.app import create_app
from tests.support.studio_case import COVERS, GENRES, loaded_classifier, loaded_index, running

pytestmark = pytest.mark.integration
START = datetime(2026, 1, 1, tzinfo=UTC)


def publish(store, kind, day, files, **described):
    draft = store.draft(kind, version_name(START + timedelta(days=day), "0123456789ab"))
    for path, body in files.items():
        draft.put(path, body)
    return draft.publish(**described)[0]


def files_of(folder, prefix):
    return {f"{prefix}/{file.name}": file.read_bytes() for file in Path(folder).iterdir()}


def publish_classifier(store, day, files):
    """Publish a classifier that is the champion."""
    version = version_name(START + timedelta(days=day), "0123456789ab")
    facts = {
        "selected": "naive_bayes", "model_version": "1", "candidates": [], "test": {},
        "genres": GENRES, "run_id": "", "champion": version, "verdict": "", "reason": "",
    }  # fmt: skip
    publish(store, "genre_classifier", day, files, facts=facts)


def publish_all(store, day, folder):
    """Publish a classifier, a champion and its index, all of one day; return their versions."""
    scorer: Scorer = loaded_classifier().scorer
    scorer.save(folder / f"scorer-{day}")
    publish_classifier(store, day, files_of(folder / f"scorer-{day}", "scorer"))
    save_model(random_model("dustjacket-small", day), folder / f"model-{day}")
    model = publish(
        store, "cover_clip", day, files_of(folder / f"model-{day}", MODEL_FOLDER),
        facts={"model": "dustjacket-small"},
    )  # fmt: skip
    publish_index(store, day, model)


def publish_index(store, day, model):
    loaded = loaded_index(str(day), day)
    table = io.BytesIO()
    rows = loaded.index._rows.to_pandas()
    rows["look"] = range(COVERS)
    rows[list(INDEX_COLUMNS)].to_parquet(table)
    images = publish(store, "covers", day, {"s": loaded.read_image("00000000")})
    publish(
        store, "cover_index", day,
        {EMBEDDINGS: save_arrays({VECTORS: loaded.index.vectors}), ROWS: table.getvalue()},
        facts={"model": f"{model.kind}/{model.version}", "weights": weights_of(model)},
        parents={"covers": images.version},
    )  # fmt: skip


def day_of(version):
    return version[:8]


def has_models(app):
    models = app.state.studio.models
    return models.classifier.model and models.index.model


def test_new_versions_serve_without_a_failed_request(store, tmp_path):
    settings = store.settings.model_copy(update={"home": tmp_path, "studio_rate": "9999/second"})
    app = create_app(settings, None, refresh_s=0.1)
    seen, failed, stop = set(), [], threading.Event()
    with running(app) as client:
        assert client.post("/genre", json={"title": "Rice"}).status_code == 503
        publish_all(store, 1, tmp_path)
        wait(lambda: has_models(app))

        def query():
            while not stop.is_set():
                for path in ("/genre", "/covers/search"):
                    response = client.post(path, json={"title": "Rice"})
                    if response.status_code != 200:
                        failed.append(response.text)
                        continue
                    days = {day_of(ref["version"]) for ref in response.json()["by"]}
                    seen.add((path, *sorted(days)))

        querying = threading.Thread(target=query)
        querying.start()
        try:
            for day in (2, 3):
                publish_all(store, day, tmp_path)
                wait(lambda day=day: ("/covers/search", f"2026010{day + 1}") in seen)
            time.sleep(0.5)
        finally:
            stop.set()
            querying.join()
    assert failed == []
    # A model and an index of different days never answered together.
    assert {len(days) for _, *days in seen} == {1}
    assert {days[0] for path, *days in seen if path == "/genre"} >= {"20260102", "20260104"}


def test_a_version_that_cannot_be_read_leaves_the_one_before_in_place(store, tmp_path):
    publish_all(store, 10, tmp_path)
    app = create_app(store.settings.model_copy(update={"home": tmp_path}), None, refresh_s=0.1)
    with running(app) as client:
        wait(lambda: has_models(app))
        publish_classifier(store, 11, {"scorer/scorer.json": b"{}"})
        wait(lambda: app.state.studio.models.problem)
        models = client.get("/models").json()
        assert "model.safetensors" in models["problem"]
        assert day_of(models["classifier"]["version"]) == "20260111"
        assert client.post("/genre", json={"title": "Rice"}).status_code == 200


def wait(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
