"""Display names shared by the sections of the Data page."""

from __future__ import annotations

from core.doctor.sentences import FindingKind
from core.messages import N_

# Findings of the check about a picture, as choices of a filter.
FINDING_LABELS: dict[str, str] = {
    FindingKind.CONFLICTING_LABELS: N_("in two classes"),
    FindingKind.WRONG_LABELS: N_("perhaps the wrong label"),
    FindingKind.SHORTCUTS: N_("predictable by a shortcut"),
    FindingKind.NEAR_DUPLICATES: N_("almost the same as another"),
    FindingKind.UNREADABLE: N_("unreadable"),
    FindingKind.SMALL_CLASSES: N_("in a small class"),
    FindingKind.BLANK: N_("blank"),
    FindingKind.OUTLIERS: N_("like no class"),
    FindingKind.IMBALANCE: N_("in a class out of balance"),
    FindingKind.BLURRED: N_("blurred"),
    FindingKind.DARK: N_("very dark"),
    FindingKind.BRIGHT: N_("very bright"),
    FindingKind.TINY: N_("tiny"),
    FindingKind.EXTREME_ASPECT: N_("very long or wide"),
    FindingKind.EXACT_DUPLICATES: N_("the same as another"),
}
