"""Understanding of an import source, printed on standard error."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from core.cli.terminal import Answer
from core.data.containers.config import ContainerKind
from core.data.formats.doubts import DoubtKind
from core.data.formats.summary import Example, Understanding
from core.data.labels.boxes import BoxUse
from core.data.notes import NoteKind
from core.optional_packages import OPTIONAL_PACKAGES, install_command

_SHOWN_CLASSES = 12
# Options that change what is taken out of a kind of files.
_OFFER_WAYS = {
    ContainerKind.PDF: "",
    ContainerKind.VIDEO: "--every SECONDS",
    ContainerKind.NIFTI: "--plane PLANE",
}


def understood_answer(understanding: Understanding) -> Answer:
    """Say how a source was read; the classes stand beside it."""
    return {
        "format": understanding.format,
        "evidence": str(understanding.evidence),
        "multi_label": understanding.multi_label,
        "split": dict(understanding.splits),
        "groups": understanding.groups,
        "unlabelled": understanding.unlabelled,
        "notes": [str(note.message) for note in understanding.notes],
    }


def print_understanding(understanding: Understanding) -> None:
    """Print the format, the classes, the split and a few pictures with their labels."""

    def line(name: str, text: str) -> None:
        print(f"{name}: {text}", file=sys.stderr)

    line("Read as", f"{understanding.format} ({understanding.evidence})")
    line("Classes", _counted(understanding.classes))
    if understanding.splits:
        line("Split", _counted(understanding.splits))
    if understanding.groups:
        line("Groups", str(understanding.groups))
    if understanding.unlabelled:
        line("Without a label", str(understanding.unlabelled))
    if understanding.left_out:
        line("Left out", str(understanding.left_out))
    for offer in understanding.offers:
        line("Inside", str(offer.message))
    if understanding.channels is not None:
        line("Channels", str(understanding.channels.message))
        line("Names", ", ".join(understanding.channels.names) or "none")
    for missing in understanding.missing_readers:
        line("Not read", str(missing.message))
        line("To read them", install_command([OPTIONAL_PACKAGES[missing.package]]))
    for example in understanding.examples:
        line(f"  {example.file}", _described(example))
    for note in understanding.notes:
        line("Note", str(note.message))
        if note.kind is NoteKind.UNNAMED_CLASSES:
            line("Hint", "--class-names FILE names them, one name a line")


def print_question(understanding: Understanding) -> None:
    """Print what was understood, the doubts and the options that settle them; the error has the first doubt."""
    print_understanding(understanding)
    if understanding.crops is not None:
        print(f"With --boxes crop: {_counted(understanding.crops.classes)}", file=sys.stderr)
    for doubt in understanding.doubts[1:]:
        print(f"Doubt: {doubt.message}", file=sys.stderr)
    print(f"To import it like this, add --yes. Other ways: {_other_ways(understanding)}", file=sys.stderr)


def _other_ways(understanding: Understanding) -> str:
    """List the options that read a source differently."""
    ways = [f"--format {name}" for name in understanding.alternatives]
    if understanding.crops is not None:
        ways += [f"--boxes {use.value}" for use in (BoxUse.CROP, BoxUse.PICTURE)]
    if any(doubt.kind is DoubtKind.SEVERAL_LABELS for doubt in understanding.doubts):
        ways.append("--multi-label")
    about_columns = {DoubtKind.LABEL_COLUMN_GUESSED, DoubtKind.LABEL_COLUMN_UNNAMED}
    if any(doubt.kind in about_columns for doubt in understanding.doubts):
        ways.append("--label-column COLUMN")
    ways += [_OFFER_WAYS[offer.kind] for offer in understanding.offers]
    if understanding.channels is not None:
        ways.append("--channels RED GREEN BLUE")
    ways += [f"--leave-out {offer.kind}" for offer in understanding.offers]
    return ", ".join([*filter(None, ways), "--unlabelled"])


def _described(example: Example) -> str:
    """Label of an example, its label in another format, its part of the split and its group."""
    other = f"or {example.other_label}" if example.other_label else ""
    facts = [other, example.split, f"group {example.group}" if example.group else ""]
    return " · ".join([example.label or "(no label)", *filter(None, facts)])


def _counted(counts: Mapping[str, int]) -> str:
    shown = [f"{name} {count}" for name, count in list(counts.items())[:_SHOWN_CLASSES]]
    return ", ".join(shown) + (f", … ({len(counts)})" if len(counts) > _SHOWN_CLASSES else "")
