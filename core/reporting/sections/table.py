"""Table of a report's sections, in their order."""

from __future__ import annotations

from core.messages import N_
from core.reporting.sections.limits import limit_blocks
from core.reporting.sections.mistakes import mistake_blocks
from core.reporting.sections.more_pictures import learning_curve_blocks
from core.reporting.sections.result import data_blocks, result_blocks
from core.reporting.sections.robustness import robustness_blocks
from core.reporting.sections.scores import class_blocks, confusion_blocks, metric_blocks
from core.reporting.sections.section import ReportSection
from core.reporting.sections.slices import slice_blocks
from core.reporting.sections.strangers import stranger_blocks
from core.reporting.sections.training import file_blocks, training_blocks
from core.reporting.sections.trust import calibration_blocks

SECTIONS: tuple[ReportSection, ...] = (
    ReportSection(code="result", title=N_("Result"), blocks=result_blocks),
    ReportSection(code="limits", title=N_("Limits"), blocks=limit_blocks),
    ReportSection(code="data", title=N_("Data"), blocks=data_blocks),
    ReportSection(code="metrics", title=N_("All metrics"), blocks=metric_blocks),
    ReportSection(code="classes", title=N_("Class by class"), blocks=class_blocks),
    ReportSection(code="confusion", title=N_("Confusions"), blocks=confusion_blocks),
    ReportSection(code="slices", title=N_("Slices"), blocks=slice_blocks),
    ReportSection(code="more-pictures", title=N_("More pictures"), blocks=learning_curve_blocks),
    ReportSection(code="mistakes", title=N_("Worst mistakes"), blocks=mistake_blocks),
    ReportSection(code="trust", title=N_("Trust in single answers"), blocks=calibration_blocks),
    ReportSection(code="strangers", title=N_("None of these"), blocks=stranger_blocks),
    ReportSection(code="robustness", title=N_("Robustness"), blocks=robustness_blocks),
    ReportSection(code="training", title=N_("Training"), blocks=training_blocks),
    ReportSection(code="files", title=N_("Files and versions"), blocks=file_blocks),
)
