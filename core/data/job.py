"""Import job: the step that a worker runs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from core.data.dataset import open_dataset
from core.data.import_config import ImportConfig
from core.data.importing import add_pictures, import_dataset
from core.data.sources.samples import SAMPLES
from core.errors import ConfigError
from core.messages import N_
from core.progress import Progress, Stage
from core.uploads.store import remove_upload_at
from core.workspace import get_project


def import_pictures(directory: Path, config: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Make the project ``config["project"]`` from ``config["source"]``, or from ``config["sample"]``.

    With ``config["add"]`` the pictures join the project that is there. A source inside the job's
    own directory (a small upload, the sample's files) or among the uploads is removed once it is
    imported; after a failure it stays, so that the page can offer to try again.
    """
    progress.stage(Stage.READING)
    if sample := config.get("sample"):
        if sample not in SAMPLES:
            raise ConfigError(N_("There is no sample called “{name}”."), name=sample)
        source = directory / sample
        SAMPLES[sample].write(source)
    else:
        source = Path(config["source"])
    settings = ImportConfig.from_json(config)
    if config.get("add"):
        report = add_pictures(get_project(config["project"]), source, settings, progress)
    else:
        report = import_dataset(source, config["project"], settings, progress)
    if source.is_relative_to(directory):
        shutil.rmtree(source) if source.is_dir() else source.unlink()
    remove_upload_at(source)
    return {
        "project": report.project.name,
        "classes": report.classes,
        "skipped": [item.to_json() for item in report.skipped],
        "version": open_dataset(report.project).version,
    }
