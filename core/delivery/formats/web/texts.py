"""Sentences of an exported page, in every language: its reader's browser chooses one."""

from __future__ import annotations

from collections.abc import Mapping

from core.catalogues import LANGUAGES, translations
from core.messages import N_

# Of an answer, on exported pages and on the Predict page.
ANSWER_TEXTS: Mapping[str, str] = {
    "stranger": N_("This does not look like any of the classes."),
    "would_be": N_("Without this check it would be taken for:"),
    "unsure": N_("Unsure. The most probable answer:"),
    "no_class": N_("None of the classes"),
    "rate": N_("{n} pictures a second"),
}
# Of the camera, wherever it is used.
CAMERA_TEXTS: Mapping[str, str] = {
    "stop": N_("Turn off"),
    "asking": N_("Your browser asks whether this page may use the camera. Allow it."),
    "denied": N_(
        "The browser does not let this page use the camera. Allow it with the sign beside the address, then try again."
    ),
    "none": N_("There is no camera. Connect one and try again, or add picture files instead."),
    "busy": N_("Another program uses the camera. Close it there, then try again."),
    "lost": N_("The camera is no longer connected. Connect it and try again."),
    "other": N_("The camera cannot be started: {reason}. Connect another one, or add picture files instead."),
}
_PAGE_TEXTS: Mapping[str, str] = {
    **ANSWER_TEXTS,
    **CAMERA_TEXTS,
    "about": N_("Recognises: {names}. Pictures stay on this device."),
    "drop": N_("Drop pictures here or paste them."),
    "choose": N_("Choose pictures"),
    "start": N_("Use the camera"),
    "insecure": N_("Browsers lend the camera only to pages on this computer, or with https."),
    "freeze": N_("Take a picture"),
    "camera": N_("camera"),
    "advanced": N_("Advanced"),
    "smoothing": N_("Average over the last"),
    "loading": N_("Loading the classifier …"),
    "working": N_("Picture {n} of {count} …"),
    "unreadable": N_("{file} is not a picture that this browser can read."),
    "broken": N_("The classifier cannot start in this browser: {reason}. Try a current one."),
    "details": N_("About this classifier"),
    "run": N_("Run"),
    "backbone": N_("Backbone"),
    "classes": N_("Classes"),
    "limits": N_(
        "It only knows the classes it was trained on. The page sends nothing: it works without a network."
    ),
}
# In place of those above, where a server classifies.
SERVER_TEXTS: Mapping[str, str] = {
    "about": N_("Recognises: {names}. Pictures go to this page's server, which does not keep them."),
    "loading": N_("Connecting to the server …"),
    "unreadable": N_("{file}: {reason}"),
    "broken": N_("The server does not answer: {reason}. Try again later."),
    "limits": N_("It only knows the classes it was trained on."),
}


def page_texts(others: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Translate the sentences: text by its key, by language as browsers name it (``zh-CN``).

    Args:
        others: sentences in place of those of their keys.
    """
    return {
        language.replace("_", "-"): {
            key: translations(language).gettext(text) for key, text in {**_PAGE_TEXTS, **others}.items()
        }
        for language in LANGUAGES
    }
