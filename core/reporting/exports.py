"""Exports with the run's model card: ``core.delivery`` makes the files, and puts the card into every zip."""

from __future__ import annotations

from functools import partial

from core.delivery import export, export_job
from core.reporting.model_card import run_card

export_file = partial(export.export_file, card=run_card)
export_run = partial(export.export_run, card=run_card)
# Job step.
export_formats = partial(export_job.export_formats, card=run_card)
