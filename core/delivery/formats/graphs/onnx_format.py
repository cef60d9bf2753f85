"""ONNX export: ``model.onnx``."""

from __future__ import annotations

from pathlib import Path

from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.formats.graphs.packing import quiet
from core.messages import N_

ONNX_PACKAGES = ("onnx", "tf2onnx", "onnxruntime")
ONNX_OPENER = "core.delivery.formats.graphs.openers:open_onnx"


def make_onnx_file(model: DeliveredModel, path: Path) -> None:
    from core.delivery.formats.graphs.onnx_graph import add_facts, write_onnx

    with quiet():
        write_onnx(model.scored_model, path)
        add_facts(path, model.facts)


ONNX = Exporter(
    code="onnx",
    label=N_("ONNX (.onnx)"),
    description=N_(
        "For programs in almost any language: C++, C#, Java, JavaScript, Rust. Runs in ONNX Runtime."
    ),
    icon=":material/hub:",
    file_name="model.onnx",
    group=FormatGroup.PROGRAMMERS,
    make=make_onnx_file,
    packages=ONNX_PACKAGES,
    opens=ONNX_OPENER,
)
