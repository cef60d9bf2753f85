"""Identity of the classifier that gave a logged answer: its network, and the rule that decides the classes."""

from __future__ import annotations

from core.delivery.files import Labels
from core.files import digest_of


def classifier_digest(network: str, labels: Labels) -> str:
    """Digest of everything that decides the answered classes and their confidence.

    The limits of strangers and unsure answers change neither, so they are left out.

    Args:
        network: see ``network_digest``.
    """
    return digest_of([network, labels.class_names, labels.thresholds])
