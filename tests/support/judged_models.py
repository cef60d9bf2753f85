"""Models made elsewhere, as the jobs that open and test them leave them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.data.dataset import open_dataset
from core.data.labels.layout import Split
from core.evaluation.assessment import make_report
from core.evaluation.evaluated_run import MeasuredOn, write_measured_on
from core.evaluation.foreign.facts import (
    Activation,
    Alternative,
    InputFacts,
    Judgement,
    Kind,
    Layout,
    ModelFacts,
    NetworkBlock,
    Runtime,
    Sample,
    TensorFacts,
)
from core.evaluation.foreign.judged_model import FACTS_FILE, JUDGEMENT_FILE
from core.evaluation.foreign.preprocessing import parse, scaled
from core.evaluation.predictions import prediction_table
from core.evaluation.report import write_report
from core.records import write_record
from core.workspace import Project


def store_model(project: Project, names: Sequence[str], *, has_names: bool = True) -> Path:
    """A model that was understood: its facts, as the job leaves them."""
    dataset = open_dataset(project)
    tensor = TensorFacts(name="x", shape=(1, 96, 96, 3), dtype="float32")
    facts = ModelFacts(
        source="theirs.tflite",
        kind=Kind.LITERT,
        runtime=Runtime.LITERT,
        path="theirs.tflite",
        input=InputFacts(width=96, height=96, channels=3, layout=Layout.CHANNELS_LAST, tensor=tensor),
        output=tensor,
        class_names=tuple(names),
        has_class_names=has_names,
        preprocessing=None,
        network=NetworkBlock.SYSTEM,
        size_bytes=1000,
        sample_preprocessing=scaled("unit"),
        guessed_on=6,
        guessed_accuracy=0.5,
        samples=(Sample(picture=dataset.pictures["id"].iloc[0], answer=names[0], probability=0.75),),
    )
    write_record(project.judged / "theirs" / FACTS_FILE, facts)
    return project.judged / "theirs"


def store_judgement(project: Project, folder: Path) -> None:
    """Its test: everything is called the first class."""
    dataset = open_dataset(project)
    test = dataset.rows(Split.TEST)
    rows = np.concatenate([dataset.rows(Split.VALIDATION), test])
    answers = np.tile(np.array([[0.8, 0.1, 0.1]], np.float32), (len(rows), 1))
    judgement = Judgement(
        mapping={"0": "0", "one": "1"},
        preprocessing=scaled("unit"),
        guessed_on=6,
        guessed_accuracy=0.5,
        alternatives=(Alternative(preprocessing=parse("unit-crop"), accuracy=0.45),),
        activation=Activation.SOFTMAX,
        lacking=("2",),
        foreign=(),
    )
    write_record(folder / JUDGEMENT_FILE, judgement)
    write_measured_on(folder, MeasuredOn(dataset_version=dataset.version, class_names=dataset.class_names))
    report = make_report(dataset, test, answers[-len(test) :])
    write_report(folder, report, prediction_table(dataset, rows, answers))
