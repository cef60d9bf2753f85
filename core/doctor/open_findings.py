"""Open suspects of a finding after later changes of the dataset."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.data.dataset import Dataset
from core.doctor.findings import Finding, Suspect
from core.doctor.sentences import FindingKind

# Findings that a new label settles. A dark picture stays dark under any label.
_ABOUT_LABELS = {
    FindingKind.CONFLICTING_LABELS,
    FindingKind.WRONG_LABELS,
    FindingKind.SHORTCUTS,
    FindingKind.NEAR_DUPLICATES,
    FindingKind.SMALL_CLASSES,
}


@dataclass(frozen=True, kw_only=True)
class OpenFinding:
    """A finding as it stands in the newest version.

    ``left`` holds the open suspects, None if there are none; ``dismissed`` are the
    suspects that the user marked as right.
    """

    original: Finding
    left: Finding | None
    dismissed: tuple[Suspect, ...]

    @property
    def done(self) -> int:
        """Number of suspects excluded, relabelled, deleted or marked as right."""
        return len(self.original.suspects) - (len(self.left.suspects) if self.left else 0)


def open_findings(
    findings: Sequence[Finding], dataset: Dataset, dismissed: Collection[tuple[str, str]]
) -> list[OpenFinding]:
    """Return the findings of a check with their open suspects in ``dataset``.

    Args:
        dismissed: suspects marked as right, as (kind, id).
    """
    pictures = dataset.all_pictures[~dataset.all_pictures["excluded"]]
    labels = dict(zip(pictures["id"].tolist(), pictures["label"].tolist(), strict=True))
    return [_open(finding, labels, dismissed) for finding in findings]


def _open(finding: Finding, labels: dict[str, str], dismissed: Collection[tuple[str, str]]) -> OpenFinding:
    settled = {suspect.id for suspect in finding.suspects if _is_settled(finding, suspect, labels)}
    right = tuple(
        suspect
        for suspect in finding.suspects
        if suspect.id not in settled and (finding.kind.value, suspect.id) in dismissed
    )
    return OpenFinding(
        original=finding,
        left=finding.without(settled | {suspect.id for suspect in right}),
        dismissed=right,
    )


def _is_settled(finding: Finding, suspect: Suspect, labels: dict[str, str]) -> bool:
    """Check that the suspect or its counterpart was corrected since.

    Args:
        labels: by id, of the pictures in use now.
    """
    if not suspect.id:
        return False  # a file that never became a picture
    label = labels.get(suspect.id)
    if label is None or (finding.kind in _ABOUT_LABELS and label != suspect.label):
        return True
    if not suspect.other:
        return False
    other = labels.get(suspect.other)
    return other is None or (other == label) is (finding.kind is FindingKind.CONFLICTING_LABELS)
