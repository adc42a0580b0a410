"""What concepts are made with, from published versions: generator, champion, covers, genres."""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from dustjacket.errors import NotReadyError
from dustjacket.generation.concepts import Artist, ConceptTools, Gallery
from dustjacket.generation.read import load_generator, manifest_in_use
from dustjacket.pipeline.kinds import Kind
from dustjacket.settings import Settings
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store
from dustjacket.typesetting.habits import Habits
from dustjacket.typesetting.style import load_styles


def open_tools(settings: Settings) -> ConceptTools:
    """Return what concepts are made with, from the published versions.

    Raises:
        BadInputError: the file of the house style cannot be used.
    """
    # Set before PyTorch is imported. Several threads a process slow each other down beside other
    # work, and another number of threads could round another way: bytes would differ.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return replace(published_tools(Store(settings)), styles=load_styles(settings.house_style))


def published_tools(store: Store) -> ConceptTools:
    """Return what concepts are made with; the newest version is read when it is needed first."""

    @lru_cache(1)
    def artist(manifest: Manifest) -> Artist:
        from dustjacket.generation.near_copies import read_near_copies

        near_copies = read_near_copies(store, manifest)
        conditioner = str(manifest.facts.get("conditioner", ""))
        untested = manifest.facts.get("ledger_record") is None
        return Artist(load_generator(store, manifest), near_copies, conditioner, untested)

    @lru_cache(1)
    def habits(manifest: Manifest) -> dict[str, Habits]:
        from dustjacket.generation.habits import read_habits

        return read_habits(store, manifest)

    @lru_cache(1)
    def gallery(index: Manifest) -> Gallery:
        from dustjacket.clip.embed import optimize_for_inference
        from dustjacket.clip.read import load_version
        from dustjacket.retrieval.read import load_index, model_of

        model = model_of(store, index)
        cache = store.settings.cache
        clip = optimize_for_inference(load_version(store, model, cache))
        return Gallery(clip, load_index(store, index, model, cache))

    def gallery_in_use() -> Gallery | None:
        from dustjacket.retrieval.read import index_in_use

        try:
            return gallery(index_in_use(store))
        except NotReadyError:
            return None

    def habits_in_use() -> dict[str, Habits]:
        try:
            return habits(manifest_in_use(store))
        except NotReadyError:
            return {}

    return ConceptTools(
        habits=habits_in_use,
        artist=lambda: artist(manifest_in_use(store)),
        gallery=gallery_in_use,
    )


def genre_predictor(store: Store) -> Callable[[str, str], str]:
    """Return a function that predicts a genre from title and author; "" without a classifier."""
    from dustjacket.genres.read import load_scorer
    from dustjacket.genres.scorer import predict_genre
    from dustjacket.pipeline.steps import in_use

    champion = in_use(store, Kind.GENRE_CLASSIFIER)
    if champion is None:
        return lambda *_: ""
    scorer = load_scorer(store, champion, store.settings.cache)
    return lambda title, author: predict_genre(scorer, title, author or None).genre
