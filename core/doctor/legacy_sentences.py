"""Sentence templates that earlier versions of Darkroom stored in reports, with the codes that replaced them.

Frozen: these are the exact texts in ``doctor/*.json`` up to commit 03be4e7. They are
never shown and never translated. Do not edit them when a sentence is reworded.
"""

from __future__ import annotations

# Headlines of shortcuts.
SHORTCUTS = {
    "The size in pixels alone gives classes away: {classes}. It tells {percent}% of their pictures": "size",
    "The file format alone gives classes away: {classes}. It tells {percent}% of their pictures": "format",
    "The camera, as named in the files, alone gives classes away: {classes}. It tells {percent}% of their pictures": "camera",
    "A border, or the lack of one, alone gives classes away: {classes}. It tells {percent}% of their pictures": "border",
    "The brightness alone gives classes away: {classes}. It tells {percent}% of their pictures": "brightness",
    "The sharpness alone gives classes away: {classes}. It tells {percent}% of their pictures": "sharpness",
}
# Reasons for suspects.
EVIDENCE = {
    "Its file is no longer at {path}": "file_gone",
    "Its grey levels differ by {contrast} of 255": "contrast",
    "Its brightness is {brightness} of 255": "brightness",
    "Its sharpest part has a sharpness of {sharpness}; that of a sharp photograph is about 1": "sharpness",
    "It has {width} × {height} pixels": "size",
    "No picture of it tests, so nobody will know how well it was learnt.": "no_test_pictures",
    "Pictures of it to test with: {pictures}. Even if every one is told rightly, all that is known is that probably more than {percent}% of new ones will be.": "few_test_pictures",
    "It looks almost the same as {other}": "alike",
    "It looks almost the same as {other}, but stands in “{part}”, the other in “{other_part}”": "alike_in_other_split",
    "{other} in class “{label}” is the same picture": "same_in_other_class",
    "{other} in class “{label}” looks almost the same": "alike_in_other_class",
}
