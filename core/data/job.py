"""Importing as a job, so that a page can watch it."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.data.importing import ImportConfig, import_dataset
from core.data.samples import write_digits
from core.errors import ConfigError
from core.messages import N_
from core.progress import Progress, Stage

SAMPLES = {"digits": write_digits}


def import_pictures(directory: Path, config: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Make the project ``config["project"]`` from ``config["source"]``, or from ``config["sample"]``.

    A source inside the job's own directory (an upload, the sample's files) is removed once
    it is imported; after a failure it stays, so that the page can offer to try again.
    """
    progress.stage(Stage.READING)
    if sample := config.get("sample"):
        if sample not in SAMPLES:
            raise ConfigError(N_("There is no sample called “{name}”."), name=sample)
        source = directory / sample
        SAMPLES[sample](source)
    else:
        source = Path(config["source"])
    report = import_dataset(
        source, config["project"], ImportConfig(merge_case=bool(config.get("merge_case"))), progress
    )
    if source.is_relative_to(directory):
        shutil.rmtree(source) if source.is_dir() else source.unlink()
    return {
        "project": report.project.name,
        "classes": report.classes,
        "skipped": [asdict(item) for item in report.skipped],
    }
