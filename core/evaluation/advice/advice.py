"""Record of a piece of advice, and the places where it is carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.messages import N_, Message


@dataclass(frozen=True, kw_only=True)
class Link:
    """Page where advice is carried out, with the label of its button."""

    # address of the page
    page: str
    # of the page, and part of the section; "": the first
    section: str = ""
    part: str = ""
    label: str


ADD_PICTURES = Link(page="data", section="add", label=N_("Add pictures"))
CHECK_PICTURES = Link(page="data", section="check", label=N_("Check the pictures"))
SPLIT_AGAIN = Link(page="data", section="split", label=N_("Open the split"))
CHOOSE_AUGMENTATION = Link(page="augment", label=N_("Choose augmentation"))
CHOOSE_BACKBONE = Link(page="model", label=N_("Choose a backbone"))
TRAIN = Link(page="train", section="new", label=N_("Open Train"))
COMPARE_RUNS = Link(page="evaluate", section="compare", label=N_("Compare the runs"))
SEE_MISTAKES = Link(page="evaluate", section="mistakes", part="confusion", label=N_("Look at the mistakes"))
CHOOSE_THRESHOLD = Link(
    page="evaluate", section="mistakes", part="thresholds", label=N_("Choose a threshold")
)
SEE_SLICES = Link(page="evaluate", section="mistakes", part="slices", label=N_("Look at the slices"))
SEE_TRUST = Link(page="evaluate", section="trust", label=N_("Look at the probabilities"))
SEE_HEATMAPS = Link(page="evaluate", section="why", label=N_("Look at the heatmaps"))
SEE_ROBUSTNESS = Link(page="evaluate", section="robustness", label=N_("Look at the robustness"))


@dataclass(frozen=True, kw_only=True)
class Advice:
    """One next step.

    ``weight`` is the share of the test pictures that it concerns, 0 to 1: those that are wrong for
    the reason given, or whose result it casts doubt on. So advice of different kinds can be compared.
    """

    message: Message
    # facts that it is based on, one sentence
    reason: Message
    link: Link
    weight: float
    # of the adviser; filled in by ``advise``
    code: str = ""

    def to_answer(self) -> dict[str, Any]:
        """Summarise the advice for the command line."""
        return {
            "code": self.code,
            "advice": str(self.message),
            "reason": str(self.reason),
            "page": self.link.page,
            "section": self.link.section,
            "weight": self.weight,
        }
