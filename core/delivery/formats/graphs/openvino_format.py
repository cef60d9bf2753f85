"""OpenVINO export: a zip with the intermediate representation (IR), ``model.xml`` and ``model.bin``."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.facts import ModelFacts
from core.delivery.files import tflite_file
from core.delivery.formats.graphs.openers import OPENVINO_MODEL
from core.delivery.formats.graphs.packing import facts_as_json, pack_folder, quiet
from core.delivery.formats.interface import FACTS, LABELS, OUTPUTS, PICTURE
from core.messages import N_

if TYPE_CHECKING:
    import openvino

# Section of ``rt_info`` in which OpenVINO's tools look for labels.
_SECTION = "model_info"


def make_openvino_files(model: DeliveredModel, path: Path) -> None:
    import openvino

    with TemporaryDirectory(prefix="darkroom-") as folder, quiet():
        network = openvino.convert_model(tflite_file(model.run))
        _name_interface(network)
        _add_facts(network, model.facts)
        # Its default rounds the weights to float16.
        openvino.save_model(network, Path(folder, OPENVINO_MODEL), compress_to_fp16=False)
        pack_folder(Path(folder), path)


def _name_interface(network: openvino.Model) -> None:
    import openvino

    (picture,) = network.inputs
    picture.set_names({PICTURE})
    picture.get_node().set_friendly_name(PICTURE)
    picture.get_node().set_layout(openvino.Layout("NHWC"))
    for output, name in zip(network.outputs, OUTPUTS, strict=False):
        output.set_names({name})


def _add_facts(network: openvino.Model, facts: ModelFacts) -> None:
    # Spaces part the labels, so those within a name become underscores, as these tools expect.
    labels = " ".join(name.replace(" ", "_") for name in facts.class_names)
    network.set_rt_info(labels, [_SECTION, LABELS])
    network.set_rt_info(facts_as_json(facts), [_SECTION, FACTS])


OPENVINO = Exporter(
    code="openvino",
    label=N_("OpenVINO"),
    description=N_("A zip for Intel's OpenVINO: programs and cameras that already use it."),
    icon=":material/developer_board:",
    file_name="openvino.zip",
    group=FormatGroup.DEVICES,
    make=make_openvino_files,
    made_from=("tflite",),
    packages=("openvino",),
    opens="core.delivery.formats.graphs.openers:open_openvino",
)
