"""Cover generators in MLflow's registry."""

import tempfile
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import infer_signature

from dustjacket.generation.step import GeneratorFacts
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store
from dustjacket.tracking.model_card import model_card


def log_model(store: Store, manifest: Manifest) -> str:
    """Log the generator of a published version in the active run; return its address in MLflow."""
    with tempfile.TemporaryDirectory() as scratch:
        store.download(manifest, Path(scratch))
        example = pd.DataFrame({"title": ["The Time Machine"], "author": ["H. G. Wells"]})
        logged = mlflow.pyfunc.log_model(
            name=f"{manifest.kind}",
            python_model=str(Path(__file__).with_name("mlflow_model.py")),
            artifacts={"model": scratch},
            signature=infer_signature(example, pd.DataFrame({"png": [b""]})),
            model_config={
                "implementation": manifest.facts.get("implementation"),
                "version": f"{manifest.kind}/{manifest.version}",
            },
            pip_requirements=["dustjacket[generation]"],
        )
    uri: str = logged.model_uri
    return uri


def card(store: Store, manifest: Manifest) -> str:
    """Return the model card of a generator, as Markdown."""
    facts = GeneratorFacts.of(manifest)
    sections = {
        "Model": f"{facts.implementation}: {facts.outcome(manifest.parameters)}.",
        "Intended use": "First ideas for the art of a cover, for designers who draw the final one.",
        "Not for": "Covers that are printed as they come; pictures of real people; imitations of "
        "an artist.",
        "Limits": "It draws what the covers of its library show, and their clichés. The gate "
        "bounds the share of near copies of training covers; it does not exclude them.",
    }
    return model_card(store, manifest.parents, sections)
