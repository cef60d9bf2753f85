"""The identity of a network: thresholds and limits in its file change nothing, other weights do."""

from __future__ import annotations

from pathlib import Path

from core.delivery.files import tflite_file
from core.delivery.formats.litert.model_metadata import ENTRY
from core.delivery.formats.litert.network import Network, text_of
from core.delivery.limits import use_limits
from core.delivery.network_identity import digest_of_network, network_digest
from core.evaluation.strangers.chosen import AnswerLimits
from core.models.litert.rewriting import with_shuffled_weights


def without_metadata(content: bytes) -> bytes:
    """The file as versions before the metadata made it."""
    network = Network(content)
    (entry,) = (entry for entry in network.model.metadata if text_of(entry.name) == ENTRY)
    network.model.metadata.remove(entry)
    del network.model.buffers[entry.buffer]
    return network.to_bytes()


def test_new_limits_change_the_file_and_not_the_network(small_run: Path) -> None:
    file, before = tflite_file(small_run), digest_of_network(small_run)
    content = file.read_bytes()
    use_limits(small_run, AnswerLimits(stranger_limit=2.0, least_confidence=0.7))
    assert file.read_bytes() != content
    assert digest_of_network(small_run) == before


def test_facts_in_a_file_that_had_none_are_not_another_network(small_run: Path) -> None:
    content = tflite_file(small_run).read_bytes()
    assert network_digest(without_metadata(content)) == network_digest(content)


def test_other_weights_are_another_network(small_run: Path) -> None:
    content = tflite_file(small_run).read_bytes()
    assert network_digest(with_shuffled_weights(content, seed=0)) != network_digest(content)
