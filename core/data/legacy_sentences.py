"""Sentence templates that earlier versions of Darkroom stored, with the codes that replaced them.

Frozen: these are the exact texts in ``versions/*.json`` up to commit 03be4e7. They are
never shown and never translated. Do not edit them when a sentence is reworded.
"""

from __future__ import annotations

# Reasons for files left out.
SKIP_REASONS = {
    "it lies in no class folder": "no_class_folder",
    "it is not a picture, or of a kind that cannot be read": "not_a_picture",
    "it is the same picture as {other}": "duplicate",
    "{sheet} has no row for it": "not_in_table",
    "row {row} of {sheet} names it, but there is no such file": "missing_file",
    "row {row} of {sheet} names it, but several files are called so; add their folders": "ambiguous_name",
    "its class “{label}” has only {count} usable pictures; at least {minimum} are needed": "class_too_small",
    "its class {label} has only {count} usable pictures; at least {minimum} are needed": "class_too_small",
    "its class “{label}” has no pictures to train on": "class_without_training_pictures",
    "its class {label} has no pictures to train on": "class_without_training_pictures",
    "it has more pixels than can be handled safely": "too_large_to_decode",
    "it has {width} × {height} pixels, more than the {limit} million that can be handled safely": "too_many_pixels",
    "it is damaged or cut off": "damaged",
    "it is a HEIC picture, and the package pillow-heif that reads those is not installed": "no_heic_reader",
    "its name points outside the archive": "unsafe_name",
    "a later file in the archive has the same name, and that one was taken": "replaced_by_later_file",
    "it is a link, not a file": "link",
    "it is a device or a pipe, not a file": "device",
    "it is larger than {limit} MB": "file_too_large",
    "it is damaged inside the archive": "damaged_in_archive",
    "it unpacks to more than {ratio} times its size, as no picture does": "decompression_bomb",
    "it is packed in a way that cannot be unpacked here": "unknown_compression",
    "it is an archive beside other files; unpack it first": "archive_beside_files",
    "it is an archive in an archive in an archive; unpack it first": "archive_too_deep",
    "it could not be opened: {error}": "cannot_be_opened",
}

# Edits that made a version.
EDITS = {
    "Imported": "imported_unrecorded",
    "Imported from {source}. Pictures: {count}": "imported",
    "Started without pictures": "started_empty",
    "Added from {source}. Pictures: {count}": "added",
    "Added to “{source}”. Pictures: {count}": "added_to_class",
    "Added without a label. Pictures: {count}": "added_unlabelled",
    "Divided new pictures. Pictures: {count}": "new_pictures_split",
    "Labelled “{label}”. Pictures: {count}": "labelled",
    "Labels removed. Pictures: {count}": "labels_removed",
    "Also “{label}”. Pictures: {count}": "label_added",
    "No longer “{label}”. Pictures: {count}": "label_removed",
    "Suggested labels accepted. Pictures: {count}": "suggestions_accepted",
    "Excluded. Pictures: {count}": "excluded",
    "Taken back. Pictures: {count}": "included",
    "Deleted for good. Pictures: {count}": "erased",
    "New class “{name}”": "class_added",
    "Class “{name}” removed": "class_removed",
    "Class “{old}” renamed to “{new}”": "class_renamed",
    "Classes {names} merged into “{into}”": "classes_merged",
    "Classes put in another order": "classes_reordered",
    "Divided anew: {validation} to validate, {test} to test, seed {seed}": "split_redrawn",
    "Leaks closed by excluding pictures: {count}": "leaks_excluded",
    "Version {number} restored": "version_restored",
}

# Values of those sentences that have another name today.
RENAMED_VALUES = {"sheet": "table"}
