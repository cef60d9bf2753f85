"""Judged models of a project: ``projects/NAME/judged/MODEL/``.

====================================  =================================================
``model/``                            the export's files
``facts.json``                        what was understood of it, ``ModelFacts``
``judgement.json``                    settings of the test, ``Judgement``
``evaluation/``                       as in a run: ``EvaluatedRun.open`` opens the folder
====================================  =================================================
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from contextlib import suppress
from itertools import count
from pathlib import Path

from core.errors import NotFoundError
from core.evaluation.foreign.facts import Judgement, ModelFacts
from core.evaluation.foreign.kinds import MODEL_SUFFIXES, SAVED_MODEL_FILE
from core.evaluation.foreign.outputs import OTHER_CLASS
from core.evaluation.report import has_report
from core.messages import N_
from core.records import read_record
from core.workspace import Project

FACTS_FILE, JUDGEMENT_FILE, MODEL_FOLDER = "facts.json", "judgement.json", "model"
_LONGEST_NAME = 40


def reserve_model(project: Project, source: Path) -> str:
    """Make an empty folder for a model, named after a file, or after the model among several.

    Two models of one name that arrive at once get two folders.

    Returns:
        the folder's name.
    """
    files = (
        sorted(path for path in source.iterdir() if path.suffix.lower() in MODEL_SUFFIXES)
        if source.is_dir()
        else []
    )
    path = files[0] if len(files) == 1 and files[0].name != SAVED_MODEL_FILE else source
    stem = re.sub(r"[^\w-]+", "-", path.stem).strip("-_")[:_LONGEST_NAME] or "model"
    for number in count(1):
        name = stem if number == 1 else f"{stem}-{number}"
        with suppress(FileExistsError):
            (project.judged / name).mkdir(parents=True)
            break
    return name


def remove_abandoned(project: Project, awaited: Collection[str]) -> None:
    """Remove folders of models whose opening was killed.

    Args:
        awaited: names of the folders of models that are being opened.
    """
    for folder in project.judged.iterdir() if project.judged.is_dir() else ():
        if folder.name not in awaited and not (folder / FACTS_FILE).exists():
            shutil.rmtree(folder, ignore_errors=True)


def list_models(project: Project) -> list[Path]:
    """List the folders of models that were understood, newest first."""
    if not project.judged.is_dir():
        return []
    folders = [folder for folder in project.judged.iterdir() if (folder / FACTS_FILE).is_file()]
    return sorted(folders, key=lambda folder: (folder / FACTS_FILE).stat().st_mtime, reverse=True)


def find_model(project: Project, name: str) -> Path:
    """Find a model by its folder's name.

    Raises:
        NotFoundError: the project has no such model.
    """
    folder = next((folder for folder in list_models(project) if folder.name == name), None)
    if folder is None:
        raise NotFoundError(
            N_("Project “{project}” has no model “{name}” from elsewhere."), project=project.name, name=name
        )
    return folder


def read_facts(folder: Path) -> ModelFacts:
    """Read what was understood of a model."""
    return read_record(folder / FACTS_FILE, ModelFacts)


def is_judged(folder: Path) -> bool:
    """True once the model was tested."""
    return has_report(folder) and (folder / JUDGEMENT_FILE).is_file()


def read_judgement(folder: Path) -> Judgement:
    """Read the settings under which a model was tested."""
    return read_record(folder / JUDGEMENT_FILE, Judgement)


def other_class(names: tuple[str, ...]) -> str:
    """Name the class of answers that a project does not know."""
    name = OTHER_CLASS
    while name in names:
        name += " *"
    return name


def delete_model(folder: Path) -> None:
    """Delete a judged model with its files. The caller has asked the user."""
    shutil.rmtree(folder)
