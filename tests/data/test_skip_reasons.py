"""Skip reasons are stored as codes, and read from older versions."""

from __future__ import annotations

import pytest

from core.data.images.dicom import SENTENCES as DICOM_SENTENCES
from core.data.images.kinds import SENTENCES as KIND_SENTENCES
from core.data.legacy_sentences import EDITS, SKIP_REASONS
from core.data.skip_reasons import SENTENCES, Reason, Skipped, SkipReason
from core.data.version_record import EDIT_SENTENCES, EditKind
from core.errors import RecordError
from core.messages import Message


def test_every_code_has_a_sentence() -> None:
    assert set(SENTENCES) == set(SkipReason)
    assert set(EDIT_SENTENCES) == set(EditKind)


# Without a sentence of their own, or younger than the frozen table.
LATER_EDITS = {
    EditKind.OTHER,
    EditKind.CORRECTED,
    EditKind.SPLIT_WITHOUT_COPIES,
    EditKind.RANGE_CHANGED,
}
LATER_REASONS = {
    SkipReason.EMPTY_FILE,
    SkipReason.OTHER,
    SkipReason.UNREADABLE_ARCHIVE,
    SkipReason.NAMED_BUT_MISSING,
    SkipReason.NAMED_AMBIGUOUSLY,
    SkipReason.LINK_NOT_FOLLOWED,
    SkipReason.LINK_LEADS_OUT,
    SkipReason.LINK_LEADS_NOWHERE,
    SkipReason.LINK_IN_A_CIRCLE,
    SkipReason.THUMBNAIL,
    SkipReason.NO_JPEG_XL_READER,
    SkipReason.CHANNEL_MISSING,
    SkipReason.NO_PDF_READER,
    SkipReason.NO_VIDEO_READER,
    SkipReason.NO_VOLUME_READER,
    SkipReason.PDF_LOCKED,
    SkipReason.VIDEO_WITHOUT_PICTURE,
    SkipReason.SEVERAL_VOLUMES,
    SkipReason.TOO_MANY_INSIDE,
    SkipReason.TOO_SLOW,
    SkipReason.NOT_TAKEN_APART,
    *(reason for reason in SkipReason if reason.value.startswith(("box_", "no_box"))),
    *map(SkipReason, (*KIND_SENTENCES, *DICOM_SENTENCES)),
}


def test_every_old_template_belongs_to_a_code() -> None:
    """A typing error in the frozen table would lose the findings of existing datasets."""
    assert {SkipReason(code) for code in SKIP_REASONS.values()} == set(SkipReason) - LATER_REASONS
    assert {EditKind(code) for code in EDITS.values()} == set(EditKind) - LATER_EDITS


def test_a_reason_is_stored_as_its_code() -> None:
    skipped = Skipped(file="a.png", reason=Reason(code=SkipReason.DUPLICATE, values={"other": "b.png"}))
    assert skipped.to_json() == {
        "file": "a.png",
        "reason": {"code": "duplicate", "values": {"other": "b.png"}},
    }
    assert Skipped.from_json(skipped.to_json()) == skipped


@pytest.mark.parametrize(
    ("template", "values", "code", "sentence"),
    [
        (
            "it is the same picture as {other}",
            {"other": "cats/1.png"},
            SkipReason.DUPLICATE,
            "it is the same picture as cats/1.png",
        ),
        (
            "row {row} of {sheet} names it, but there is no such file",
            {"row": 3, "sheet": "labels.csv"},
            SkipReason.MISSING_FILE,
            "row 3 of labels.csv names it, but there is no such file",
        ),
        (
            "its class {label} has no pictures to train on",
            {"label": "apes"},
            SkipReason.CLASS_WITHOUT_TRAINING_PICTURES,
            "its class “apes” has no pictures to train on",
        ),
        (
            "{file} is cut off: its end is missing. Copy or download it again.",
            {"file": "inner.zip"},
            SkipReason.OTHER,
            "inner.zip is cut off: its end is missing. Copy or download it again.",
        ),
    ],
)
def test_the_template_that_an_older_version_stored_is_read_as_its_code(
    template: str, values: dict[str, str | int], code: SkipReason, sentence: str
) -> None:
    reason = Reason.from_json({"template": template, "values": values})
    assert reason.code is code
    assert str(reason) == sentence


def test_a_reason_that_is_an_error_of_its_own_keeps_that_error() -> None:
    """An archive in an archive may be damaged in as many ways as an archive."""
    error = Message("{file} is empty.", {"file": "inner.zip"})
    reason = Reason(code=SkipReason.UNREADABLE_ARCHIVE, values={"sentence": error})
    assert Reason.from_json(reason.to_json()) == reason
    assert str(reason) == "inner.zip is empty."


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(RecordError, match="no code called “eaten by a goat”"):
        Reason.from_json({"code": "eaten by a goat", "values": {}})
