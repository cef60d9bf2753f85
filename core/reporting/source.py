"""Everything that a report is written from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from core.data.version_record import VersionHeader, read_version_record
from core.evaluation.evaluated_run import EvaluatedRun
from core.jobs.directory import JobDirectory
from core.jobs.environment import Environment
from core.messages import Message
from core.models.backbone import Backbone
from core.models.backbones import get_backbone
from core.runs.compare import cloned_config, run_about, run_title
from core.training.config import TrainingConfig


@dataclass(frozen=True, kw_only=True)
class ReportSource:
    """An evaluated run, and the reader's language."""

    evaluated: EvaluatedRun
    translate: Callable[[str], str] = str
    # whether the reader may see pictures of the dataset
    has_pictures: bool = True

    def say(self, template: str, **values: Any) -> str:
        """Translate a sentence and fill in its values."""
        return Message(template, values).render(self.translate)

    @property
    def run(self) -> Path:
        return self.evaluated.run

    @cached_property
    def job(self) -> JobDirectory:
        return JobDirectory(self.run)

    @property
    def title(self) -> str:
        """Name of the run."""
        return run_title(self.job)

    @property
    def note(self) -> str:
        """Note that a person wrote about the run."""
        return run_about(self.job).note

    @cached_property
    def settings(self) -> TrainingConfig:
        return cloned_config(self.job)

    @property
    def backbone(self) -> Backbone:
        return get_backbone(self.settings.backbone)

    @cached_property
    def environment(self) -> Environment:
        """Versions and devices that trained the run."""
        return self.job.environment()

    @cached_property
    def version(self) -> VersionHeader:
        """Record of the dataset version."""
        dataset = self.evaluated.dataset
        return read_version_record(dataset.folder, dataset.version)
