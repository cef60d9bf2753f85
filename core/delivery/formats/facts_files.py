"""Files with the facts about a classifier, for formats that are archives or can hold one."""

from __future__ import annotations

import json

from core.delivery.facts import ModelFacts

LABELS_FILE = "labels.txt"
FACTS_FILE = "darkroom.json"


def facts_files(facts: ModelFacts) -> dict[str, bytes]:
    """Make the files: the classes, one a line in the order of the probabilities, and all facts as JSON."""
    return {
        LABELS_FILE: "".join(f"{name}\n" for name in facts.class_names).encode(),
        FACTS_FILE: (json.dumps(facts.to_json(), ensure_ascii=False, indent=1) + "\n").encode(),
    }
