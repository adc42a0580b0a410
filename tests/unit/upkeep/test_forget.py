"""Erase on request: no byte of a book is left, nothing else is lost, and it never comes back."""

import csv
import io
import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load, save

from dustjacket.covers.read import read_image, read_images, read_index
from dustjacket.covers.step import INGEST_COVERS
from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.feedback.store import Feedback, read_feedback
from dustjacket.labelling.decisions import StoredDecision, now, read_decisions, store_decision
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.leases import lease
from dustjacket.pipeline.plan import changes_since, plan_step
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.records.erased import ERASED
from dustjacket.sources.roots import allow
from dustjacket.upkeep.forget import forget, request_of
from tests.support.facts import least_facts
from tests.support.images import drawn, saved
from tests.support.listings import ingest, store_in

BOOKS = [
    ("Emma's Lantern", "Zebulon Quist", "Art", "9780141439587"),
    ("Nightfall", "Ada Stern", "Art", "9780306406157"),
    ("Harbour", "Ada Stern", "Cooking", ""),
    ("Orchard", "Bo Lee", "Cooking", ""),
    ("Emma\u2019s lantern (Large Print)", "Quist, Zebulon", "Art", ""),
    ("", "Zebulon Quist", "Art", "9780141439587"),
    ("Pebbles", "", "Cooking", ""),
]
GONE = "Emma's Lantern", "Zebulon Quist"
VERSION = "20260101T000000000000Z-0123456789ab"


class Shop:
    """A store with a version of each kind that holds titles or pictures, made of two sources."""

    def __init__(self, folder):
        self.store = store_in(folder)
        self.listing, self.images = folder / "listing.csv", folder / "images"
        self.images.mkdir()
        rows = [("title", "author", "genre", "isbn", "image"), *(
            (*book, f"{number}.jpg") for number, book in enumerate(BOOKS)
        )]  # fmt: skip
        for file in (self.listing, self.images / "table.csv"):
            with file.open("w", newline="") as out:
                csv.writer(out).writerows(rows)
        self.originals = [saved(drawn(seed)) for seed in range(len(BOOKS))]
        for number, body in enumerate(self.originals):
            (self.images / f"{number}.jpg").write_bytes(body)
        allow(str(self.images), self.store.settings)
        self.catalog = self.ingest_catalog().manifest
        self.covers = self.ingest_covers()
        index = read_index(self.store, self.covers)
        self.pictures = dict(read_images(self.store, self.covers, index))
        self.keys = dict(zip(index["title"], index["key"], strict=True))
        self.derive(index)

    def ingest_catalog(self):
        return ingest(self.listing, self.store, min_rows_per_genre=1)

    def ingest_covers(self):
        given = {"source": str(self.images), "max_reject_share": 1}
        plan = plan_step(INGEST_COVERS, self.store, TeamDefaults(), datetime.now(UTC), given)
        job = Job.of(plan, self.store)
        job.step.load_function()(job, None)
        return self.store.manifest(job.draft.kind, job.draft.version)

    def publish(self, kind, parents, files, **fields):
        draft = self.store.draft(kind, VERSION)
        for path, body in files.items():
            draft.put(path, body)
        return draft.publish(
            modules={"some.module": "0"},
            parents={manifest.kind: manifest.version for manifest in parents},
            facts=least_facts(kind, **fields.pop("facts", {})),
            **fields,
        )[0]

    def derive(self, index):
        number = len(index)
        self.labels = self.publish(
            Kind.LABELLED_COVERS,
            [self.covers],
            {"labels/part-0.parquet": parquet(index[["key", "title", "author", "sha256"]])},
            rows={"labelled": number},
        )
        self.index = self.publish(
            Kind.COVER_INDEX,
            [self.covers],
            {
                "covers.parquet": parquet(index[["key", "title", "author", "sha256"]]),
                "embeddings.safetensors": save(
                    {"covers": np.arange(number * 2, dtype=np.float32).reshape(number, 2)}
                ),
            },
            rows={"covers": number},
        )
        self.classifier = self.publish(Kind.GENRE_CLASSIFIER, [self.catalog], {"scorer/w": b"w"})
        self.candidate = self.publish(Kind.CLIP_CANDIDATE, [self.labels], {"model/w": b"w"})
        page = "<figure>Nightfall by Ada Stern</figure>"
        contradictions = [
            {"title": title, "author": author} for title, author, *_ in BOOKS if title
        ]
        self.evaluation = self.publish(
            Kind.EVALUATION,
            [self.candidate],
            {"report.html": f"{page}<figure>Emma&#39;s Lantern by Zebulon Quist</figure>".encode()},
            facts={"contradictions": contradictions},
        )
        drawn_for = json.dumps(["Nightfall", GONE[0]]).encode()
        art = np.stack([np.full((2, 2, 3), 7, np.uint8), np.full((2, 2, 3), 99, np.uint8)])
        self.publish(
            Kind.GENERATOR_EVALUATION,
            [self.labels],
            {
                "report.html": page.encode(),
                "blind_pictures.safetensors": save(
                    {"titles": np.frombuffer(drawn_for, np.uint8), "drawn": art, "real": art}
                ),
            },
        )
        keys = json.dumps(list(index["key"])).encode()
        self.generator = self.publish(
            Kind.GENERATOR_CANDIDATE,
            [self.labels],
            {
                "near_copies.safetensors": save(
                    {
                        "hashes": np.arange(number * 2, dtype=np.uint64).reshape(number, 2),
                        "vectors": np.ones((number, 648), np.float16),
                        "mean": np.ones(648, np.float32),
                        "limit": np.ones(1, np.float32),
                        "keys": np.frombuffer(keys, np.uint8),
                    }
                )
            },
        )
        feedback = Feedback(self.store, days=90, share=1)
        for title, author, *_ in BOOKS[:2]:
            feedback.add_vote(title, author, "genre", "Art", 1, {})
            decision = StoredDecision("", title, author, "Art", "ada", now(), "kept")
            store_decision(self.store, decision)
        feedback.flush()
        self.put(
            "runs/ingest_catalog.json",
            b'{"reason": "row 1: Emma\\u2019s lantern of Quist, Zebulon"}',
        )
        self.put("notices/1.json", b'{"text": "Emma\'s Lantern of Zebulon Quist is odd"}')
        self.put("sources/0123456789abcdef/0", self.listing.read_bytes())

    def put(self, key, body):
        self.store.client.put_object(Bucket=self.store.bucket, Key=key, Body=body)

    def forget(self, text="978-0-14-143958-7", *, apply=True, ended=()):
        lines = []
        forget(self.store, text, "ada", lines.append, apply=apply, ended=ended)
        return lines

    def contents(self):
        return {key: self.store.get(key) for key, _ in self.store.keys("")}

    def traces(self, *words):
        """Return the objects that hold words, or bytes, in what is written or in their tables."""
        found = []
        for key, body in self.contents().items():
            text = body
            if key.endswith(".parquet"):
                text += repr(pq.read_table(io.BytesIO(body)).to_pylist()).encode()
            wanted = [w if isinstance(w, bytes) else w.lower().encode() for w in words]
            if any(word in text or word in text.lower() for word in wanted):
                found.append(key)
        return found


def parquet(frame):
    out = io.BytesIO()
    pd.DataFrame(frame).to_parquet(out, index=False)
    return out.getvalue()


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def test_no_byte_of_a_book_is_left_in_any_object(shop):
    images = [shop.pictures[shop.keys[BOOKS[n][0]]] for n in (0, 4)]
    before = shop.traces("zebulon", "quist", "emma", "9780141439587", *images)
    kinds = {key.partition("/")[0] for key in before}
    assert kinds >= {
        "catalog", "covers", "labelled_covers", "cover_index", "evaluation", "studio_feedback",
        "generator_evaluation", "corrections", "runs", "notices", "sources",
    }  # fmt: skip
    shop.forget()
    assert shop.traces("zebulon", "quist", "emma", "9780141439587", *images) == []


def test_all_other_books_are_as_they_were_and_every_version_is_whole(shop):
    index = read_index(shop.store, shop.covers)
    others = index[~index["author"].fillna("").str.contains("Quist")]
    shop.forget()
    covers = shop.store.manifest(Kind.COVERS, shop.covers.version)
    left = read_index(shop.store, covers)
    pd.testing.assert_frame_equal(left, others.reset_index(drop=True))
    for row in left.to_dict("records"):
        assert read_image(shop.store, covers, row) == shop.pictures[row["key"]]
    assert covers.rows == {"accepted": len(left), "rejected": 1, "erased": 2}
    for kind in Kind:
        for version in shop.store.versions(kind):
            manifest = shop.store.manifest(kind, version)
            for entry in manifest.files:
                assert len(shop.store.read(manifest, entry.path)) == entry.size
            files = {manifest.prefix + entry.path for entry in manifest.files}
            stored = {key for key, _ in shop.store.keys(f"{kind}/{version}/")}
            assert stored == files | {f"{kind}/{version}/manifest.json"}


def test_the_rows_of_an_index_and_its_embeddings_stay_together(shop):
    def by_key(index):
        rows = pd.read_parquet(io.BytesIO(shop.store.read(index, "covers.parquet")))
        vectors = load(shop.store.read(index, "embeddings.safetensors"))["covers"]
        return dict(zip(rows["key"], vectors.tolist(), strict=True))

    before = by_key(shop.index)
    shop.forget()
    left = by_key(shop.store.manifest(Kind.COVER_INDEX, shop.index.version))
    assert left.items() < before.items()
    assert len(left) == len(before) - 2


def test_pictures_are_removed_with_their_titles_and_keys(shop):
    shop.forget()
    evaluation = shop.store.newest(Kind.GENERATOR_EVALUATION)
    shown = load(shop.store.read(evaluation, "blind_pictures.safetensors"))
    assert json.loads(shown["titles"].tobytes()) == ["Nightfall"]
    assert shown["real"].shape == (1, 2, 2, 3)
    assert (shown["real"] == 7).all()
    generator = shop.store.newest(Kind.GENERATOR_CANDIDATE)
    kept = load(shop.store.read(generator, "near_copies.safetensors"))
    keys = json.loads(kept["keys"].tobytes())
    assert shop.keys["Nightfall"] in keys
    assert shop.keys[GONE[0]] not in keys
    assert len(keys) == len(kept["vectors"]) == len(kept["hashes"]) == len(shop.keys) - 2
    report = shop.store.read(shop.store.newest(Kind.EVALUATION), "report.html")
    assert b"erased on request" in report
    assert b"Nightfall" in shop.store.read(evaluation, "report.html"), "a page without the book"


def test_what_is_erased_is_a_rejected_row_when_its_source_is_read_again(shop):
    shop.forget()
    again = shop.ingest_catalog()
    reasons = [row["reason"] for row in again.rejected]
    assert reasons.count(ERASED) == 3, "two editions, and a row without a title"
    assert {row["raw"] for row in again.rejected if row["reason"] == ERASED} == {""}
    assert sorted(again.titles) == ["Harbour", "Nightfall", "Orchard", "Pebbles"]
    covers = shop.ingest_covers()
    assert covers.facts["rejected_by_reason"][ERASED] == 3
    assert covers.version != shop.covers.version
    assert shop.traces("zebulon", "quist", "emma", "9780141439587") == []


def test_an_author_is_erased_with_all_books_and_no_other_person(shop):
    shop.forget("Stern, Ada")
    assert shop.traces("ada stern", "stern, ada", "nightfall", "harbour") == []
    assert shop.traces("zebulon")
    assert sorted(shop.ingest_catalog().titles) == ["Emma's Lantern", "Orchard", "Pebbles"]


def test_the_steps_that_trained_on_it_have_new_work_and_say_why(shop):
    defaults, moment = TeamDefaults(), datetime.now(UTC)

    def why(name, kind):
        plan = plan_step(STEPS[name], shop.store, defaults, moment)
        return changes_since(plan, shop.store.newest(kind))

    erased = "books were erased from {} on request"
    assert erased.format("catalog") not in why("select_classifier", Kind.GENRE_CLASSIFIER)
    lines = shop.forget()
    assert erased.format("catalog") in why("select_classifier", Kind.GENRE_CLASSIFIER)
    assert erased.format("labelled_covers") in why("finetune_clip", Kind.CLIP_CANDIDATE)
    assert any("clip_candidate" in line and "new work" in line for line in lines)


def test_without_apply_nothing_changes_and_all_is_listed(shop):
    before = shop.contents()
    lines = shop.forget(apply=False)
    assert shop.contents() == before
    assert f"would erase 2 rows of covers/{shop.covers.version}" in lines


def test_an_erasure_that_was_interrupted_is_ended_by_the_next(shop, monkeypatch):
    written = 0
    put = shop.store.client.put_object

    def stop(**call):
        nonlocal written
        written += call["Key"].endswith("manifest.json")
        if written == 4:
            raise KeyboardInterrupt
        put(**call)

    monkeypatch.setattr(shop.store.client, "put_object", stop)
    with pytest.raises(KeyboardInterrupt):
        shop.forget()
    monkeypatch.undo()
    assert shop.traces("zebulon")
    shop.forget()
    assert shop.traces("zebulon", "quist", "emma", "9780141439587") == []


def decide(shop, *books):
    for title, author in books:
        store_decision(shop.store, StoredDecision("", title, author, "Art", "ada", now(), "kept"))


def test_decisions_of_other_books_stay(shop):
    others = [("Emma's Lantern Returns", "Zebulon Quist"), ("Emma's Lantern", "Ann Quist")]
    decide(shop, *others)
    shop.forget()
    left = [(decision.title, decision.author) for decision in read_decisions(shop.store)]
    assert left == [("Nightfall", "Ada Stern"), *others]


def test_decisions_on_books_that_a_person_contributed_to_go(shop):
    decide(shop, ("Ada Sternly", "Bo Lee"), ("Tales", "Bo Lee"))
    tales = {"title": "Tales", "author": "Bo Lee", "contributors": [{"name": "Ada Stern"}]}
    shop.publish(Kind.LABELLED_CATALOG, [shop.catalog], {"books/0.parquet": parquet([tales])})
    shop.forget("Ada Stern")
    left = [decision.title for decision in read_decisions(shop.store)]
    assert left == ["Emma's Lantern", "Ada Sternly"]


def test_votes_and_queries_without_an_author_go_with_the_title_of_an_erased_book(shop):
    feedback = Feedback(shop.store, days=90, share=1)
    for title in ("EMMA'S LANTERN", "Nightfall", "Emma's"):
        feedback.add_vote(title, None, "pair", "generator_candidate/1", 1, {}, ["real"])
        feedback.add_query(title, None, None, [], {})
    feedback.flush()
    assert any(line.startswith("would erase 2 rows of studio_feedback")
               for line in shop.forget(apply=False))  # fmt: skip
    shop.forget()
    rows, _ = read_feedback(shop.store, 90)
    assert sorted(rows["title"]) == ["Emma's", "Emma's", "Nightfall", "Nightfall", "Nightfall"]
    assert shop.store.newest("studio_feedback").rows == {"rows": 4, "erased": 2}


def test_nothing_is_erased_while_a_job_is_at_work(shop):
    plan = plan_step(INGEST_COVERS, shop.store, TeamDefaults(), datetime.now(UTC),
                     {"source": str(shop.images)})  # fmt: skip
    with lease(shop.store, plan, "attempt"):
        assert shop.forget(apply=False)
        with pytest.raises(NotReadyError, match="ingest_covers: at work") as caught:
            shop.forget()
        assert f"since {datetime.now(UTC):%Y-%m-%d}" in str(caught.value)
        assert "--ended ingest_covers" in str(caught.value)
        with pytest.raises(NotReadyError):
            shop.forget(ended=["ingest_catalog"])
        assert shop.traces("zebulon")
        shop.forget(ended=["ingest_covers"])
        assert shop.traces("zebulon") == []


def test_a_request_names_an_isbn_an_address_or_one_person():
    assert request_of("0-14-143958-0") == ("isbn", "9780141439587")
    assert request_of("https://example.org/a.jpg") == ("url", "https://example.org/a.jpg")
    assert request_of("Austen, Jane") == ("author", "jane austen")
    for text in ("", "unknown", "Neil Gaiman & Terry Pratchett"):
        with pytest.raises(BadInputError, match="name one of them"):
            request_of(text)


def test_the_studio_loads_again_what_it_shows_with_the_books(shop):
    shop.forget("Lee, Bo")
    for kind, before in ((Kind.GENRE_CLASSIFIER, shop.classifier), (Kind.COVER_INDEX, shop.index)):
        now_ = shop.store.newest(kind)
        assert now_ != before, "by its manifest it is another"
        assert now_.version == before.version
    assert shop.store.newest(Kind.CLIP_CANDIDATE) == shop.candidate, "its weights stay"


def test_attempts_that_were_abandoned_go_but_a_promotion_under_way_goes_on(shop):
    shop.put("covers/v/attempt-1/shards/00000.tar", b"half")
    shop.put("cover_clip/v/attempt-1/model/weights", b"half")
    shop.forget()
    left = shop.contents()
    assert "covers/v/attempt-1/shards/00000.tar" not in left
    assert "cover_clip/v/attempt-1/model/weights" in left
