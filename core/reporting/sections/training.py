"""Training: learning curve, settings, versions and files."""

from __future__ import annotations

from collections.abc import Sequence

from core.delivery import export
from core.delivery.export import has_export
from core.delivery.files import is_delivered, read_proof
from core.files import hash_file
from core.messages import N_
from core.reporting import svg
from core.reporting.blocks import Block, Chart, Paragraph, Table
from core.reporting.source import ReportSource
from core.runs.setting_names import flat, setting_name, setting_value
from core.training.records import EpochRecord


def training_blocks(source: ReportSource) -> Sequence[Block]:
    """Draw the learning curve and list every setting by the name that the pages give it."""
    say, translate = source.say, source.translate
    table = Table(
        columns=(say(N_("Setting")), say(N_("Value"))),
        rows=[
            (setting_name(path, translate), setting_value(path, value, translate))
            for path, value in flat(source.settings).items()
        ],
    )
    return [*_curve(source), table]


def file_blocks(source: ReportSource) -> Sequence[Block]:
    """List the delivered files with their checksums, and the versions that made them."""
    say, environment = source.say, source.environment
    versions = [
        ("Darkroom", environment.darkroom),
        ("Python", environment.python),
        *((name, number or "–") for name, number in environment.packages.items()),
        (say(N_("System")), environment.system),
        (say(N_("Device")), environment.device),
    ]
    columns = (say(N_("Version of")), say(N_("Value")))
    return [*_files(source), Table(columns=columns, rows=versions)]


def _curve(source: ReportSource) -> list[Block]:
    epochs = [EpochRecord.from_json(record) for record in source.job.metrics()]
    if len(epochs) < 2:
        return []
    say, numbers = source.say, [epoch.epoch for epoch in epochs]
    drawing = svg.curves(
        [
            svg.Curve(
                name=say(N_("training")), x=numbers, y=[epoch.accuracy for epoch in epochs], kind="second"
            ),
            svg.Curve(
                name=say(N_("validation")), x=numbers, y=[epoch.validation_accuracy for epoch in epochs]
            ),
        ],
        x_title=say(N_("epoch")),
        y_title=say(N_("accuracy")),
        x_range=(numbers[0], numbers[-1]),
        is_percent=False,
    )
    return [Chart(svg=drawing, caption=say(N_("Accuracy on training and validation pictures")))]


def _files(source: ReportSource) -> list[Block]:
    run, say = source.run, source.say
    if not is_delivered(run):
        return [Paragraph(text=say(N_("The classifier of this run was not exported yet.")))]
    proofs = read_proof(run).files
    rows = []
    for exporter in export.EXPORTERS:
        if exporter.is_packed or not has_export(run, exporter):
            continue
        proof = proofs.get(exporter.code)
        difference = f"{proof.max_difference:.1e}" if proof else "–"
        rows.append((exporter.file_name, hash_file(exporter.file(run)), difference))
    columns = (say(N_("File")), "SHA-256", say(N_("Largest difference from the evaluation")))
    return [Table(columns=columns, rows=rows, numeric=frozenset({2}))]
