"""ONNX export with weights and most of the arithmetic in float16: ``model_float16.onnx``."""

from __future__ import annotations

from pathlib import Path

from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.formats.graphs.onnx_format import ONNX, ONNX_OPENER, ONNX_PACKAGES
from core.delivery.formats.graphs.packing import quiet
from core.messages import N_


def make_onnx_float16_file(model: DeliveredModel, path: Path) -> None:
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16
    from onnxruntime.transformers.onnx_model import OnnxModel

    from core.delivery.formats.graphs.onnx_graph import add_facts, head_nodes

    with quiet():
        network = onnx.load(ONNX.file(model.run))
        half = convert_float_to_float16(
            network, keep_io_types=True, node_block_list=head_nodes(network.graph)
        )
        # The casts between both types come last otherwise, which no runtime accepts.
        OnnxModel(half).topological_sort()
        onnx.save(half, path)
        add_facts(path, model.facts)


ONNX_FLOAT16 = Exporter(
    code="onnx_float16",
    label=N_("ONNX, float16"),
    description=N_("Half the size of the ONNX file, for graphics cards. Processors compute it no faster."),
    icon=":material/hub:",
    file_name="model_float16.onnx",
    group=FormatGroup.PROGRAMMERS,
    make=make_onnx_float16_file,
    made_from=("onnx",),
    packages=ONNX_PACKAGES,
    opens=ONNX_OPENER,
    is_exact=False,
)
