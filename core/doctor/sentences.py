"""Sentences of the doctor's findings, looked up by codes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from core.messages import N_


class FindingKind(StrEnum):
    """Kind of fault in a dataset, the most harmful first.

    First come faults that mislead a classifier or falsify its measured accuracy, then those that
    prevent learning, then those that only weaken it.
    """

    # The same or nearly the same picture in two classes.
    CONFLICTING_LABELS = "conflicting-labels"
    WRONG_LABELS = "wrong-labels"
    # A class that a classifier can recognise without its subject.
    SHORTCUTS = "shortcuts"
    NEAR_DUPLICATES = "near-duplicates"
    UNREADABLE = "unreadable"
    SMALL_CLASSES = "small-classes"
    BLANK = "blank"
    OUTLIERS = "outliers"
    IMBALANCE = "imbalance"
    BLURRED = "blurred"
    DARK = "dark"
    BRIGHT = "bright"
    TINY = "tiny"
    EXTREME_ASPECT = "extreme-aspect"
    # Already left out by the import.
    EXACT_DUPLICATES = "exact-duplicates"


class Shortcut(StrEnum):
    """Property of a picture, other than its subject, that identifies classes."""

    SIZE = "size"
    FORMAT = "format"
    CAMERA = "camera"
    BORDER = "border"
    BRIGHTNESS = "brightness"
    SHARPNESS = "sharpness"


class Evidence(StrEnum):
    """Code of the reason for one suspect."""

    FILE_GONE = "file_gone"
    CONTRAST = "contrast"
    BRIGHTNESS = "brightness"
    SHARPNESS = "sharpness"
    SIZE = "size"
    NO_TEST_PICTURES = "no_test_pictures"
    FEW_TEST_PICTURES = "few_test_pictures"
    ALIKE = "alike"
    ALIKE_IN_OTHER_SPLIT = "alike_in_other_split"
    SAME_IN_OTHER_CLASS = "same_in_other_class"
    ALIKE_IN_OTHER_CLASS = "alike_in_other_class"


HEADLINES: Mapping[FindingKind, str] = {
    FindingKind.CONFLICTING_LABELS: N_(
        "The same or almost the same picture in two classes. Pictures: {count} of {total}"
    ),
    FindingKind.WRONG_LABELS: N_("Pictures that may be in the wrong class: {count} of {total}"),
    FindingKind.NEAR_DUPLICATES: N_(
        "Pictures that look almost the same as another of their class: {count} of {total}. "
        "Of these, in another part of the split: {straddling}"
    ),
    FindingKind.UNREADABLE: N_("Files that cannot be read: {count}"),
    FindingKind.SMALL_CLASSES: N_(
        "Classes with fewer than {limit} pictures: {classes}. The smallest, “{label}”, has {pictures}"
    ),
    FindingKind.BLANK: N_("Pictures that show nothing, or next to nothing: {count} of {total}"),
    FindingKind.OUTLIERS: N_("Pictures that look like no class: {count} of {total}"),
    FindingKind.IMBALANCE: N_(
        "The classes are of very different size: “{largest}” has {most} pictures, "
        "“{smallest}” {fewest}; that is {ratio} to 1"
    ),
    FindingKind.BLURRED: N_("Blurred pictures: {count} of {total}"),
    FindingKind.DARK: N_("Very dark pictures: {count} of {total}"),
    FindingKind.BRIGHT: N_("Very bright pictures: {count} of {total}"),
    FindingKind.TINY: N_("Tiny pictures: {count} of {total}"),
    FindingKind.EXTREME_ASPECT: N_("Very long or very wide pictures: {count} of {total}"),
    FindingKind.EXACT_DUPLICATES: N_("Files left out as copies of another picture: {count}"),
}
EXPLANATIONS: Mapping[FindingKind, str] = {
    FindingKind.CONFLICTING_LABELS: N_(
        "One of the labels must be wrong. A classifier that gets both learns neither, and in the test set "
        "one of them always counts as a mistake. Correct the label, or exclude the pictures. "
        "If most copies agree, only the others are listed."
    ),
    FindingKind.WRONG_LABELS: N_(
        "A classifier that never saw these pictures says they look like another class. "
        "Wrong labels mislead a classifier, and in the test set they falsify its accuracy. "
        "Check each: accept the suggestion, or keep the label if it is right."
    ),
    FindingKind.NEAR_DUPLICATES: N_(
        "They were saved again, resized, slightly cropped or lit differently. They teach nothing new, "
        "and if one trains and the other tests, the accuracy is measured on memorised pictures. "
        "One of each group stays: the one that tests, otherwise the largest and sharpest. Exclude the others."
    ),
    FindingKind.UNREADABLE: N_(
        "They are cut off, damaged, of a kind that Darkroom cannot read, or no longer in their folder. "
        "Nothing is learnt from them. Copy them again from their source and add them, "
        "and check if one class lost more than the others."
    ),
    FindingKind.SMALL_CLASSES: N_(
        "A classifier confuses what so few pictures share by chance with the class. {expectation} "
        "Add pictures, merge the class with a similar one, or exclude it."
    ),
    FindingKind.BLANK: N_(
        "They are of one colour almost everywhere: a covered lens, an empty page, a failed export. "
        "A classifier learns from them that an empty picture belongs to their class. Exclude them."
    ),
    FindingKind.OUTLIERS: N_(
        "They are unlike the other pictures: a photograph by mistake, a screenshot, a spoilt scan. "
        "If such pictures will not occur in use, exclude them. "
        "If they will, keep them, and add more of their kind."
    ),
    FindingKind.IMBALANCE: N_(
        "Always answering “{largest}” is right for {percent}% of these pictures. A classifier learns that "
        "and neglects the rare classes. Add pictures of the rare classes, and judge the classifier by the "
        "numbers of each class, not by the overall accuracy."
    ),
    FindingKind.BLURRED: N_(
        "Nothing in them is sharp. If the pictures that you will classify later are sharp, exclude these. "
        "If some of those will be blurred as well, these help."
    ),
    FindingKind.DARK: N_(
        "They are much darker than the others, and little is visible. "
        "Exclude those whose class you cannot recognise yourself."
    ),
    FindingKind.BRIGHT: N_(
        "They are much brighter than the others, and their content has faded into white. "
        "Exclude those whose class you cannot recognise yourself."
    ),
    FindingKind.TINY: N_(
        "They have far fewer pixels than the others, so details that distinguish classes are missing: "
        "often icons or preview pictures included by mistake. Exclude them, or find them in full size."
    ),
    FindingKind.EXTREME_ASPECT: N_(
        "A classifier sees every picture as a square, so these are distorted beyond recognition: "
        "often banners, scans of strips or panoramas. Crop them, or exclude them."
    ),
    FindingKind.EXACT_DUPLICATES: N_(
        "A picture that occurs twice counts twice, and in both training and test it makes the "
        "measured accuracy too high. Each was imported once; there is nothing to do."
    ),
}
SHORTCUT_HEADLINES: Mapping[Shortcut, str] = {
    Shortcut.SIZE: N_(
        "The size in pixels alone gives classes away: {classes}. It identifies {percent}% of their pictures"
    ),
    Shortcut.FORMAT: N_(
        "The file format alone gives classes away: {classes}. It identifies {percent}% of their pictures"
    ),
    Shortcut.CAMERA: N_(
        "The camera, as named in the files, alone gives classes away: {classes}. It identifies {percent}% of their pictures"
    ),
    Shortcut.BORDER: N_(
        "A border, or the lack of one, alone gives classes away: {classes}. It identifies {percent}% of their pictures"
    ),
    Shortcut.BRIGHTNESS: N_(
        "The brightness alone gives classes away: {classes}. It identifies {percent}% of their pictures"
    ),
    Shortcut.SHARPNESS: N_(
        "The sharpness alone gives classes away: {classes}. It identifies {percent}% of their pictures"
    ),
}
_SHORTCUT_BY_FILES = N_(
    "A classifier may learn this instead of what the pictures show. It then fails on pictures without this "
    "difference, although its measured accuracy is high. Collect pictures of every class from the same sources, "
    "or process all files in the same way before you import them."
)
_SHORTCUT_BY_PIXELS = N_(
    "A classifier may learn this instead of what the pictures show. If it is a property of the class, as darkness "
    "is of night, that is fine. If it comes from the way the pictures were taken, take some of every class in the same way."
)
SHORTCUT_EXPLANATIONS: Mapping[Shortcut, str] = {
    Shortcut.SIZE: _SHORTCUT_BY_FILES,
    Shortcut.FORMAT: _SHORTCUT_BY_FILES,
    Shortcut.CAMERA: _SHORTCUT_BY_FILES,
    Shortcut.BORDER: _SHORTCUT_BY_FILES,
    Shortcut.BRIGHTNESS: _SHORTCUT_BY_PIXELS,
    Shortcut.SHARPNESS: _SHORTCUT_BY_PIXELS,
}
EVIDENCE: Mapping[Evidence, str] = {
    Evidence.FILE_GONE: N_("Its file is no longer at {path}"),
    Evidence.CONTRAST: N_("Its grey levels differ by {contrast} of 255"),
    Evidence.BRIGHTNESS: N_("Its brightness is {brightness} of 255"),
    Evidence.SHARPNESS: N_(
        "Its sharpest part has a sharpness of {sharpness}; that of a sharp photograph is about 1"
    ),
    Evidence.SIZE: N_("It has {width} × {height} pixels"),
    Evidence.NO_TEST_PICTURES: N_("It has no test pictures, so its accuracy cannot be measured."),
    Evidence.FEW_TEST_PICTURES: N_(
        "Its test pictures: {pictures}. Even if all are classified correctly, "
        "this only shows that probably more than {percent}% of new ones will be."
    ),
    Evidence.ALIKE: N_("It looks almost the same as {other}"),
    Evidence.ALIKE_IN_OTHER_SPLIT: N_(
        "It looks almost the same as {other}, but is in “{part}”, the other in “{other_part}”"
    ),
    Evidence.SAME_IN_OTHER_CLASS: N_("{other} in class “{label}” is the same picture"),
    Evidence.ALIKE_IN_OTHER_CLASS: N_("{other} in class “{label}” looks almost the same"),
}
