"""Keras export: ``model.keras``."""

from __future__ import annotations

from pathlib import Path

from core.delivery.exporter import DeliveredModel, Exporter
from core.delivery.formats.keras_config import make_portable
from core.messages import N_


def make_keras_file(model: DeliveredModel, path: Path) -> None:
    model.keras_model.save(path)
    make_portable(path)


KERAS = Exporter(
    code="keras",
    label=N_("Keras (.keras)"),
    description=N_(
        "For people who program: load it with `keras.models.load_model` of Keras 3.8 or later, train on, convert."
    ),
    icon=":material/code:",
    file_name="model.keras",
    make=make_keras_file,
    is_made_in_run=True,
    opens="core.delivery.formats.keras_opener:open_keras",
    proof_pictures=16,  # fewer than LiteRT's: Keras is slower
)
