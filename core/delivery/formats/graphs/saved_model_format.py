"""SavedModel export: a zip with TensorFlow's own format."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.formats.facts_files import facts_files
from core.delivery.formats.graphs.openers import SAVED_MODEL_FOLDER
from core.delivery.formats.graphs.packing import pack_folder, quiet
from core.delivery.formats.interface import SIGNATURE
from core.messages import N_

if TYPE_CHECKING:
    import keras

# Folder for files that come with a SavedModel and that its graph does not read.
_EXTRA = "assets.extra"


def make_saved_model(model: DeliveredModel, path: Path) -> None:
    with TemporaryDirectory(prefix="darkroom-") as folder, quiet():
        saved = Path(folder, SAVED_MODEL_FOLDER)
        _write_network(model.scored_model, saved)
        extra = saved / _EXTRA
        extra.mkdir()
        for name, content in facts_files(model.facts).items():
            Path(extra, name).write_bytes(content)
        pack_folder(Path(folder), path)


def _write_network(network: keras.Model, folder: Path) -> None:
    import keras

    from core.delivery.formats.graphs.signature import call_of, picture_of

    # A plain tf.Module would see none of the network's variables.
    archive = keras.export.ExportArchive()
    archive.track(network)
    archive.add_endpoint(SIGNATURE, call_of(network), input_signature=[picture_of(network)])
    archive.write_out(folder, verbose=False)


SAVED_MODEL = Exporter(
    code="saved_model",
    label=N_("TensorFlow SavedModel"),
    description=N_("A folder, zipped, for TensorFlow and TensorFlow Serving. Keras is not needed to use it."),
    icon=":material/account_tree:",
    file_name="saved_model.zip",
    group=FormatGroup.SERVERS,
    make=make_saved_model,
    opens="core.delivery.formats.graphs.openers:open_saved_model",
)
