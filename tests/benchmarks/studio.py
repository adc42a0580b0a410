"""The Studio under load: a title's genre and 12 covers, at 1, 10 and 50 questions a second.

It serves 20,590 covers with ViT-B-32 (random weights; they cost what real ones do) and a linear SVM
of 32 genres, first on n-grams, then with sentence embeddings too (``/sentences``), on the
same 2 cores as locust, which asks. ``/one-by-one`` answers without micro-batches. ``/peer`` is how
many searches a second are answered at the most, beside open_clip in a FastAPI app over the same
gallery, at the better of one and two threads. ``/airflow`` is the p99 of Airflow's own endpoint
while the Studio is asked ten questions a second through it, beside that at rest. ``PARTS`` may
name one of ``alone``, ``airflow`` and ``create``. ``/create`` is ten questions a second while
concepts of covers are made without a pause, on own art: typesetting, previews and comparison with
all covers, in the worker.
"""

import contextlib
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import psutil
from rich.console import Console
from safetensors.numpy import save as save_arrays

from dustjacket.cli.airflow_api import AirflowApi
from dustjacket.cli.follow import wait_for_dags
from dustjacket.clip.model import random_model
from dustjacket.clip.model import save as save_model
from dustjacket.clip.step import MODEL_FOLDER
from dustjacket.genres.hashed_linear import EnsembleMember, HashedLinear
from dustjacket.genres.hashed_ngrams import TfidfWeights, count_ngrams
from dustjacket.genres.scorer import Scorer
from dustjacket.genres.sentences import find_encoder
from dustjacket.platform.object_store import object_store
from dustjacket.platform.ports import LOOPBACK, free_port
from dustjacket.retrieval.read import EMBEDDINGS, INDEX_COLUMNS, ROWS, VECTORS, weights_of
from dustjacket.sample.grammar import make_book
from dustjacket.settings import Settings
from dustjacket.storage.manifest import Manifest, version_name
from dustjacket.storage.store import Store
from tests.benchmarks.measure import line, own_program
from tests.benchmarks.retrieval import generated
from tests.conftest import running_platform
from tests.support.images import drawn, saved

COVERS, GENRES, MODEL = 20_590, 32, "ViT-B-32"
RATES, GOAL_MS = (1, 10, 50), 150.0
SECONDS = int(os.environ.get("SECONDS") or 30)
LOAD, PEER = (Path(__file__).with_name(f"studio_{part}.py") for part in ("load", "peer"))
LOCUST = "locust==2.46.6"


def classifier(titles: list[str], *, sentences: bool) -> Scorer:
    """Return a linear SVM of random weights on the n-grams of titles."""
    rng = np.random.default_rng(13)
    weights = TfidfWeights.fit(count_ngrams(titles, [None] * len(titles)), 2)
    member = EnsembleMember(
        rng.standard_normal((len(weights.buckets), GENRES), np.float32),
        rng.standard_normal((384 if sentences else 0, GENRES), np.float32),
        np.zeros(GENRES, np.float32),
        "plain" if sentences else "",
        margins=True,
    )
    encoder = find_encoder("all-MiniLM-L6-v2") if sentences else None
    return Scorer("linear_svm", [f"Genre {at}" for at in range(GENRES)],
                  HashedLinear(weights, (member,), encoder, use_descriptions=False))  # fmt: skip


def publish(store: Store, kind: str, files: dict[str, bytes], **described: object) -> Manifest:
    """Publish a version now."""
    draft = store.draft(kind, version_name(datetime.now(UTC), "0" * 12))
    for path, body in files.items():
        draft.put(path, body)
    return draft.publish(**described)[0]


def publish_covers(store: Store, folder: Path) -> list[str]:
    """Publish a model and an index, leave both for the peer in ``folder``; return the titles."""
    vectors, rows = generated(COVERS, np.random.default_rng(13))
    draw = random.Random(13)
    books = [make_book(draw) for _ in range(COVERS)]
    rows = rows.assign(title=[b.title for b in books], author=[b.author for b in books])
    clip = random_model(MODEL, 13)
    save_model(clip, folder / "model")
    files = {f"{MODEL_FOLDER}/{f.name}": f.read_bytes() for f in (folder / "model").iterdir()}
    model = publish(store, "cover_clip", files, facts={"model": MODEL})
    images = publish(store, "covers", {"none": b""})
    table = io.BytesIO()
    rows[list(INDEX_COLUMNS)].to_parquet(table, index=False)
    publish(
        store,
        "cover_index",
        {EMBEDDINGS: save_arrays({VECTORS: vectors}), ROWS: table.getvalue()},
        facts={"weights": weights_of(model), "model": f"{model.kind}/{model.version}"},
        parents={"covers": images.version},
    )
    np.save(folder / "gallery.npy", vectors)
    (folder / "rows.json").write_text(rows.to_json(orient="records"))
    asked = random.Random(14)
    (folder / "titles.txt").write_text("\n".join(make_book(asked).title for _ in range(20_000)))
    return list(rows["title"])


def publish_classifier(store: Store, scorer: Scorer, folder: Path) -> None:
    """Publish a classifier."""
    scorer.save(folder / "scorer")
    files = {f"scorer/{f.name}": f.read_bytes() for f in (folder / "scorer").iterdir()}
    facts = {
        "selected": scorer.name, "model_version": "1", "candidates": [], "test": {},
        "verdict": "", "reason": "",
    }  # fmt: skip
    publish(store, "genre_classifier", files, facts=facts)


@contextlib.contextmanager
def served(command: list[str], address: str, ready: str, **variables: str) -> Iterator[int]:
    """Run a server for a block, from when it is ready; yields its process's number."""
    process = subprocess.Popen(command, env={**os.environ, **variables}, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while True:
            with contextlib.suppress(httpx.TransportError):
                if ready in httpx.get(address).text:
                    break
            assert time.monotonic() < deadline, f"{command} is not ready"
            time.sleep(0.3)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


@contextlib.contextmanager
def studio(settings: Settings, batch: int) -> Iterator[tuple[str, int]]:
    """Run the Studio with all models read; yields its address and its process's number."""
    port = free_port()
    command = [str(Path(sys.executable).parent / "dustjacket"), "studio", "--port", str(port)]
    variables = settings.environment() | {
        "DUSTJACKET_STUDIO_BATCH": str(batch),
        "DUSTJACKET_STUDIO_RATE": "100000/second",
    }
    address = f"http://{LOOPBACK}:{port}"
    with served(command, f"{address}/health", '"genres":true,"covers":true', **variables) as pid:
        yield address, pid


def ask(address: str, folder: Path, rate: float, askers: int, **variables: str) -> dict:
    """Ask for ``SECONDS``; return the seconds that counted, each question's time and status."""
    program = own_program("locust", LOCUST)
    done = subprocess.run(
        [program, "-f", LOAD, "--headless", "-u", str(askers), "-r", "1000", "-t", f"{SECONDS}s",
         "--host", address, "--only-summary", "--exit-code-on-error", "0"],
        env={**os.environ, "RATE": str(rate), "ASKERS": str(askers),
             "TITLES": str(folder / "titles.txt"), **variables},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = next(said for said in done.stdout.splitlines() if said.startswith('{"seconds"'))
    return json.loads(told)


def at_rates(settings: Settings, folder: Path, name: str, batch: int) -> None:
    """Print the lines of each rate, and the memory."""
    with studio(settings, batch) as (address, pid):
        ask(address, folder, 0, 4)
        for rate in RATES:
            found = ask(address, folder, rate, max(1, 2 * rate))
            statuses = [status for _, status in found["asked"]]
            good = [1000 * took for took, status in found["asked"] if status == 200]
            refused, n = statuses.count(429), len(statuses)
            note = (
                f"{len(good) / found['seconds']:.1f}/s answered, {refused} refused with 429, "
                f"{n - len(good) - refused} failed"
            )
            for share in (50, 99):
                took = float(np.percentile(good, share))
                line(f"studio{name}/{rate}/p{share}", took, GOAL_MS, "ms", n, note)
        memory = psutil.Process(pid).memory_full_info().pss / 2**20
        line(f"studio{name}/memory", memory, 0, "MiB", 1, "of its process")


def throughput(settings: Settings, folder: Path) -> None:
    """Print the most searches a second, of ours and of the peer."""

    def most(address: str, **variables: str) -> float:
        found = ask(address, folder, 0, 16, COVERS_ALONE="1", **variables)
        statuses = [status for _, status in found["asked"]]
        assert set(statuses) == {200}, set(statuses)
        return len(statuses) / found["seconds"]

    theirs: dict[str, list[float]] = {"1": [], "2": []}
    ours: list[float] = []
    for _ in range(3):
        with studio(settings, 16) as (address, _):
            ours.append(most(address))
        for threads, rates in theirs.items():
            port = free_port()
            command = [sys.executable, "-m", "uvicorn", "tests.benchmarks.studio_peer:app",
                       "--port", str(port), "--log-level", "warning"]  # fmt: skip
            variables = {
                "MODEL": str(folder / "model"), "GALLERY": str(folder / "gallery.npy"),
                "ROWS": str(folder / "rows.json"), "THREADS": threads,
            }  # fmt: skip
            address = f"http://{LOOPBACK}:{port}"
            with served(command, f"{address}/openapi.json", "/search", **variables):
                rates.append(most(address, SEARCH="/search"))
    best = max(theirs, key=lambda threads: np.median(theirs[threads]))
    note = f"16 askers; the peer with {best} of PyTorch's threads"
    line(
        "studio/peer", float(np.median(ours)), float(np.median(theirs[best])), "searches/s", 3, note
    )


def through_airflow() -> None:
    """Print how long Airflow takes to list DAGs while the Studio is asked through it."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        contextlib.redirect_stdout(sys.stderr),
        running_platform("bench-studio", DUSTJACKET_STUDIO_RATE="100000/second") as settings,
    ):
        store, folder = Store(settings), Path(scratch)
        publish_classifier(
            store, classifier(publish_covers(store, folder), sentences=False), folder
        )
        while '"genres":true,"covers":true' not in httpx.get(f"{settings.studio_url}/health").text:
            time.sleep(1)
        api = AirflowApi(settings)
        wait_for_dags(api, print)
        door, token = f"{settings.airflow_url}/dustjacket", api._http.headers["Authorization"]
        rest = listing_ms(api, lambda: time.sleep(SECONDS))
        asked: list[dict] = []
        busy = listing_ms(api, lambda: asked.append(ask(door, folder, 10, 20, AUTHORIZATION=token)))
    statuses = [status for _, status in asked[0]["asked"]]
    p99 = float(np.percentile([1000 * took for took, _ in asked[0]["asked"]], 99))
    note = f"{len(statuses)} questions, {statuses.count(200)} answered, p99 {p99:.0f} ms"
    for share in (50, 99):
        both = (float(np.percentile(found, share)) for found in (busy, rest))
        line(f"studio/airflow/p{share}", *both, "ms", len(busy), note)


def listing_ms(api: AirflowApi, meanwhile: Callable[[], object]) -> list[float]:
    """Return the milliseconds of each listing of DAGs, four a second, while something is done."""
    found: list[float] = []
    doing = threading.Thread(target=meanwhile)
    doing.start()
    while doing.is_alive():
        began = time.perf_counter()
        api.dags()
        found.append(1000 * (time.perf_counter() - began))
        time.sleep(0.25)
    return found


def while_creating() -> None:
    """Print how long questions take while concepts are made, and how long four concepts take."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        object_store(Path(scratch), Console(stderr=True)) as settings,
    ):
        store, folder = Store(settings), Path(scratch)
        titles = publish_covers(store, folder)
        publish_classifier(store, classifier(titles, sentences=False), folder)
        with studio(settings, 16) as (address, _):
            stop, seconds = threading.Event(), list[float]()
            creating = threading.Thread(target=create_until, args=(address, stop, seconds))
            ask(address, folder, 0, 4)
            rest = ask(address, folder, 10, 20)
            creating.start()
            while not seconds:  # the worker has read its models
                time.sleep(0.5)
            busy = ask(address, folder, 10, 20)
            stop.set()
            creating.join()
    for share in (50, 99):
        both = [
            float(np.percentile([1000 * took for took, _ in found["asked"]], share))
            for found in (busy, rest)
        ]
        failed = sum(status != 200 for _, status in busy["asked"])
        note = f"beside that at rest; {len(seconds)} jobs meanwhile, {failed} questions failed"
        line(f"studio/create/p{share}", *both, "ms", len(busy["asked"]), note)
    took = float(np.median(seconds[1:]))
    line("studio/create/4-concepts", took, 10, "s", len(seconds) - 1, "on own art; goal 10 s")


def create_until(address: str, stop: threading.Event, seconds: list[float]) -> None:
    """Make four concepts again and again; add the seconds of each time."""
    art = {"image": saved(drawn(3, (400, 640)))}
    query = {"query": json.dumps({"title": "Murder at the Emerald Tower", "n": 4})}
    with httpx.Client(base_url=address, headers={"X-Dustjacket": "bench"}, timeout=60) as client:
        while not stop.is_set():
            began = time.perf_counter()
            reply = client.post("/create/own-art", files=art, data=query).raise_for_status()
            job = reply.json()
            while job["state"] in ("waiting", "running"):
                time.sleep(0.2)
                job = client.get(f"/create/{job['job']}").raise_for_status().json()
            assert job["state"] == "done", job["problem"]
            seconds.append(time.perf_counter() - began)


def alone() -> None:
    """Print the lines of the Studio by itself."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        object_store(Path(scratch), Console(stderr=True)) as settings,
    ):
        store, folder = Store(settings), Path(scratch)
        titles = publish_covers(store, folder)
        publish_classifier(store, classifier(titles, sentences=False), folder)
        at_rates(settings, folder, "", 16)
        at_rates(settings, folder, "/one-by-one", 1)
        throughput(settings, folder)
        publish_classifier(store, classifier(titles, sentences=True), folder)
        at_rates(settings, folder, "/sentences", 16)


if __name__ == "__main__":
    parts = {"alone": alone, "airflow": through_airflow, "create": while_creating}
    for part in (os.environ.get("PARTS") or ",".join(parts)).split(","):
        parts[part]()
