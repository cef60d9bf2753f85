"""ONNX export in 8-bit integers: ``model_int8.onnx``, quantised with training pictures."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.formats.calibration_pictures import calibration_pictures
from core.delivery.formats.graphs.onnx_format import ONNX, ONNX_OPENER, ONNX_PACKAGES
from core.delivery.formats.graphs.packing import quiet
from core.delivery.formats.interface import PICTURE
from core.messages import N_


def make_onnx_int8_file(model: DeliveredModel, path: Path) -> None:
    from core.delivery.formats.graphs.onnx_graph import add_facts
    from core.delivery.formats.graphs.onnx_rounding import round_weights

    pictures = calibration_pictures(model.run)
    with quiet(), TemporaryDirectory(prefix="darkroom-") as folder:
        prepared = Path(folder, "prepared.onnx")
        _fold(ONNX.file(model.run), prepared)
        round_weights(prepared, pictures)
        _quantise(prepared, path, pictures)
        add_facts(path, model.facts)


def _fold(source: Path, target: Path) -> None:
    """Fold normalisation into the convolutions before it; quantised apart, both would round."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    quant_pre_process(source, target, skip_symbolic_shape=True)


def _quantise(source: Path, target: Path, pictures: np.ndarray) -> None:
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    from core.delivery.formats.graphs.onnx_graph import head_nodes

    each = iter(pictures)

    class Reader(CalibrationDataReader):
        def get_next(self) -> dict[str, np.ndarray] | None:
            picture = next(each, None)
            return None if picture is None else {PICTURE: picture[np.newaxis]}

    quantize_static(
        source,
        target,
        Reader(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        # Weights of seven bits: on processors without VNNI sums of eight saturate, and the answers are
        # unrelated to the network's (mean difference of a probability 0.15 instead of 0.0005).
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=head_nodes(onnx.load(source).graph),
    )


ONNX_INT8 = Exporter(
    code="onnx_int8",
    label=N_("ONNX, int8"),
    description=N_("The smallest ONNX file: weights and features of 8 bits. Answers change a little."),
    icon=":material/hub:",
    file_name="model_int8.onnx",
    group=FormatGroup.PROGRAMMERS,
    make=make_onnx_int8_file,
    made_from=("onnx",),
    packages=ONNX_PACKAGES,
    opens=ONNX_OPENER,
    is_exact=False,
)
