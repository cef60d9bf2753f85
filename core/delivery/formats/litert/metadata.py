"""Facts inside a LiteRT file: the standard metadata, and files behind the network that ``unzip`` opens."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from core import __version__
from core.delivery.facts import ModelFacts
from core.delivery.formats.facts_files import FACTS_FILE, LABELS_FILE, facts_files
from core.delivery.formats.litert.model_metadata import ENTRY, Description, classifier_metadata
from core.delivery.formats.litert.network import Network, text_of


def with_metadata(content: bytes, facts: ModelFacts) -> bytes:
    """Write the facts into a classifier's file, in place of those that it has."""
    network = Network(content)
    description = Description(
        name=facts.run,
        text=f"Image classifier of {len(facts.class_names)} classes. {facts.preprocessing}",
        version=f"dataset version {facts.dataset_version}",
        author=f"Darkroom {__version__}",
        licence="; ".join(f"{backbone.name}: {backbone.licence}" for backbone in facts.backbones),
        input_size=facts.input_size,
        labels_file=LABELS_FILE,
        facts_file=FACTS_FILE,
    )
    buffer = classifier_metadata(description, len(network.graph.outputs))
    others = [entry for entry in network.model.metadata or [] if text_of(entry.name) != ENTRY]
    own = [entry for entry in network.model.metadata or [] if text_of(entry.name) == ENTRY]
    if own:
        network.model.buffers[own[0].buffer].data = np.frombuffer(buffer, np.uint8)
    else:
        own = [schema.MetadataT(name=ENTRY, buffer=network.add_buffer(buffer))]
    network.model.metadata = [*others, *own]
    return _with_files(network.to_bytes(), facts_files(facts))


def _with_files(content: bytes, files: Mapping[str, bytes]) -> bytes:
    """Append a zip archive. Readers of LiteRT metadata find it by its end; they want it uncompressed."""
    stream = io.BytesIO(content)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            # A date of its own would make two equal files differ.
            archive.writestr(zipfile.ZipInfo(name), data)
    return stream.getvalue()
