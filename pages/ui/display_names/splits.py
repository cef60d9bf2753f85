"""Names of the parts of a dataset."""

from __future__ import annotations

from core.data.labels.layout import Split
from core.messages import N_

SPLIT_NAMES = {
    Split.TRAIN: N_("to train"),
    Split.VALIDATION: N_("to validate"),
    Split.TEST: N_("to test"),
}
