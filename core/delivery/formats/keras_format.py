"""Keras export: ``model.keras``."""

from __future__ import annotations

from pathlib import Path

from core.delivery.exporter import DeliveredModel, Exporter
from core.delivery.facts import ModelFacts
from core.delivery.formats.archives import replace_members
from core.delivery.formats.facts_files import facts_files
from core.delivery.formats.keras_config import make_portable
from core.messages import N_


def make_keras_file(model: DeliveredModel, path: Path) -> None:
    model.keras_model.save(path)
    make_portable(path)
    embed_facts(path, model.facts)


def embed_facts(path: Path, facts: ModelFacts) -> None:
    """Write the facts into a Keras file, beside the network; Keras leaves other members alone."""
    replace_members(path, facts_files(facts))


KERAS = Exporter(
    code="keras",
    label=N_("Keras (.keras)"),
    description=N_(
        "For people who program: load it with `keras.models.load_model` of Keras 3.5 to 3.15, on TensorFlow, JAX or PyTorch. Train on, convert."
    ),
    icon=":material/code:",
    file_name="model.keras",
    make=make_keras_file,
    embed=embed_facts,
    is_made_in_run=True,
    opens="core.delivery.formats.keras_opener:open_keras",
    proof_pictures=16,  # fewer than LiteRT's: Keras is slower
)
