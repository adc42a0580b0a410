"""CLIP models in MLflow's registry."""

import tempfile
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import infer_signature

from dustjacket.clip.step import MODEL_FOLDER, CandidateFacts, ClipFacts
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store
from dustjacket.tracking.model_card import model_card


def log_model(store: Store, manifest: Manifest) -> str:
    """Log the model of a published version in the active run; return its address in MLflow."""
    with tempfile.TemporaryDirectory() as scratch:
        store.download(manifest, Path(scratch), MODEL_FOLDER)
        example = pd.DataFrame({"text": ["The Time Machine by H. G. Wells"]})
        embedding = [[0.0]]
        logged = mlflow.pyfunc.log_model(
            name=f"{manifest.kind}",
            python_model=str(Path(__file__).with_name("mlflow_model.py")),
            artifacts={"model": str(Path(scratch) / MODEL_FOLDER)},
            signature=infer_signature(example, pd.DataFrame({"embedding": embedding})),
            pip_requirements=["dustjacket[clip]"],
        )
    uri: str = logged.model_uri
    return uri


def card(store: Store, manifest: Manifest) -> str:
    """Return the model card of a candidate, or of starting weights, as Markdown."""
    if "starting_clip" in manifest.facts:
        facts = CandidateFacts.of(manifest)
        model = f"Fine-tuned: {facts.outcome(manifest.parameters)}.\n\n{facts.details({})}"
    else:
        starting = ClipFacts.of(manifest)
        model = f"Starting weights: {starting.model}. They saw no cover of this library."
    sections = {
        "Model": model,
        "Intended use": "To rank the covers of one library by how well they fit a title or a text, "
        "for people who look at the result: designers, editors, cataloguers.",
        "Not for": "Decisions about authors or other people, about rights, or about what sells; "
        "libraries on which it was not evaluated.",
        "Limits": "Figures are for held-out covers of the same source; other sources, languages "
        "and decades are not tested. Most genres in its prompts are predicted, and wrong where the "
        "classifier is. Covers show how publishers market a genre, and the model learns that.",
    }
    return model_card(store, manifest.parents, sections)
