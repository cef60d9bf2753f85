"""Named signature of a LiteRT classifier: ``picture`` in, ``probabilities`` and ``stranger_score`` out.

With it, the usual three lines ``Interpreter(path).get_signature_runner()(picture=pixels)`` run the file.
The converter makes one only on the way through a SavedModel, which takes seven times as long.
"""

from __future__ import annotations

from ai_edge_litert import schema_py_generated as schema

from core.delivery.formats.interface import OUTPUTS, PICTURE, SIGNATURE
from core.delivery.formats.litert.network import Network


def with_signature(content: bytes) -> bytes:
    """Give a classifier's file a signature, and its tensors the same names. Their numbers stay."""
    network = Network(content)
    (picture,), outputs = network.graph.inputs, list(network.graph.outputs)
    names = dict(zip(OUTPUTS, outputs, strict=False))
    for name, tensor in {PICTURE: picture, **names}.items():
        network.graph.tensors[tensor].name = name
    network.model.signatureDefs = [
        schema.SignatureDefT(
            inputs=[schema.TensorMapT(name=PICTURE, tensorIndex=picture)],
            outputs=[schema.TensorMapT(name=name, tensorIndex=tensor) for name, tensor in names.items()],
            signatureKey=SIGNATURE,
        )
    ]
    return network.to_bytes()
