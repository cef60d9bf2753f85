"""Job steps for foreign models: understand one, then test it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.data.dataset import Dataset, open_dataset
from core.data.labels.layout import Split
from core.errors import ErrorCode
from core.evaluation.foreign.facts import (
    InspectionRequest,
    JudgementRequest,
    Kind,
    ModelFacts,
    NetworkBlock,
    Preprocessing,
    Runtime,
)
from core.evaluation.foreign.faults import ForeignModelError
from core.evaluation.foreign.guessing import Guess, candidates, sample_rows
from core.evaluation.foreign.intake import take_in
from core.evaluation.foreign.interface import input_of, output_of, require_as_many, require_sensible
from core.evaluation.foreign.judged_model import FACTS_FILE, MODEL_FOLDER, find_model, read_facts
from core.evaluation.foreign.judging import (
    ForeignClassifier,
    answer_samples,
    guess_preprocessing,
    judge_model,
)
from core.evaluation.foreign.kinds import Recognised, recognise
from core.evaluation.foreign.label_files import read_names
from core.evaluation.foreign.mapping import match_classes, with_changes
from core.evaluation.foreign.sandbox.client import isolated_model
from core.messages import N_
from core.optional_packages import OPTIONAL_PACKAGES, install_command
from core.progress import Progress, QuietProgress, Stage
from core.records import JsonObject, write_record
from core.uploads.store import remove_upload_at
from core.workspace import project_of

ONNX_PACKAGE = "onnxruntime"
_LOG = "foreign.log"


def inspect(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Job step: store a model, understand it, and let it answer a few pictures.

    Args:
        config: an ``InspectionRequest``.
    Returns:
        ``{"model": NAME}``.
    Raises:
        ForeignModelError: it cannot be judged, and why.
    """
    progress.stage(Stage.READING)
    request = InspectionRequest.from_json(config)
    project = project_of(directory)
    folder = project.judged / request.name
    try:
        dataset = open_dataset(project, request.dataset_version)
        # Remains of an attempt that was killed.
        shutil.rmtree(folder / MODEL_FOLDER, ignore_errors=True)
        take_in(request.source, folder / MODEL_FOLDER)
        kind, recognised = recognise(folder / MODEL_FOLDER)
        names = read_names(request.labels) if request.labels else recognised.class_names
        progress.stage(Stage.EVALUATING)
        facts = _understand(folder, request, kind, recognised, names, dataset, directory)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    write_record(folder / FACTS_FILE, facts)
    remove_upload_at(request.source)
    return {"model": request.name}


def judge(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Job step: test a model that was understood on the validation and test pictures.

    Args:
        config: a ``JudgementRequest``.
    Returns:
        ``{"model": NAME}``.
    Raises:
        ForeignModelError: it has no class in common with the project, or breaks.
    """
    progress.stage(Stage.EVALUATING)
    request = JudgementRequest.from_json(config)
    project = project_of(directory)
    dataset = open_dataset(project, request.dataset_version)
    folder = find_model(project, request.name)
    facts = read_facts(folder)
    matched = match_classes(facts.class_names, dataset.class_names, by_order=request.by_order)
    mapping = with_changes(matched, request.changes)
    path = folder / MODEL_FOLDER / facts.path
    with opened(facts.runtime, path, directory, facts.output.name) as (classifier, _):
        judge_model(classifier, folder, facts, dataset, mapping, request.preprocessing, progress)
    return {"model": request.name}


def _understand(
    folder: Path,
    request: InspectionRequest,
    kind: Kind,
    recognised: Recognised,
    names: tuple[str, ...],
    dataset: Dataset,
    directory: Path,
) -> ModelFacts:
    with opened(recognised.runtime, recognised.path, directory, recognised.output) as (classifier, network):
        count = _count_classes(classifier, dataset)
        if request.labels is None:
            # Those in the file have its order; a list beside it can have another.
            names = classifier.model.interface.class_names or names
        has_names = bool(names)
        names = names or tuple(str(number) for number in range(count))
        require_as_many(names, count)
        stated = classifier.model.interface.preprocessing or recognised.preprocessing
        chosen = _sample_preprocessing(classifier, dataset, names, stated)
        return ModelFacts(
            source=_shown_source(request.source, recognised),
            kind=kind,
            runtime=recognised.runtime,
            path=recognised.path.relative_to(folder / MODEL_FOLDER).as_posix(),
            input=classifier.input,
            output=classifier.model.interface.outputs[classifier.output],
            class_names=names,
            has_class_names=has_names,
            preprocessing=stated,
            network=network,
            size_bytes=_size_of(recognised.path),
            sample_preprocessing=chosen.preprocessing,
            guessed_on=chosen.pictures,
            guessed_accuracy=chosen.accuracy,
            alternatives=chosen.alternatives,
            samples=answer_samples(classifier, dataset, names, chosen.preprocessing),
        )


@contextmanager
def opened(
    runtime: Runtime, path: Path, directory: Path, output: str
) -> Iterator[tuple[ForeignClassifier, NetworkBlock]]:
    """Open a model in its process and find its input and output.

    Args:
        directory: of the job, which gets the log of the process.
        output: name of the output with the classes; "": there is one.
    Raises:
        ForeignModelError: it cannot be opened.
    """
    reader = OPTIONAL_PACKAGES[ONNX_PACKAGE]
    if runtime is Runtime.ONNX and not reader.is_installed:
        raise ForeignModelError(
            N_("{file} is an ONNX model. The package {package} that runs it is not installed: {command}"),
            code=ErrorCode.READER_MISSING,
            file=path.name,
            package=reader.name,
            command=install_command([reader]),
        )
    with isolated_model(runtime, path, directory / _LOG) as model:
        position = output_of(model.interface, output)
        yield (
            ForeignClassifier(model=model, input=input_of(model.interface), output=position),
            model.network,
        )


def _count_classes(classifier: ForeignClassifier, dataset: Dataset) -> int:
    """Number of classes: from the shape of the output, or else from an answer."""
    lengths = classifier.model.interface.outputs[classifier.output].shape[1:]
    if lengths and all(lengths):
        return require_sensible(max(2, max(lengths)))
    (first, *_) = candidates(classifier.input)
    rows = dataset.rows(Split.VALIDATION)[:1]
    return int(classifier.answers(dataset, rows, first, QuietProgress()).shape[1])


def _sample_preprocessing(
    classifier: ForeignClassifier, dataset: Dataset, names: tuple[str, ...], stated: Preprocessing | None
) -> Guess:
    """Return the stated preprocessing, or a guess."""
    if stated is not None:
        return Guess(preprocessing=stated)
    mapping = match_classes(names, dataset.class_names)
    if not mapping:
        (first, *_) = candidates(classifier.input)
        return Guess(preprocessing=first)
    rows = sample_rows(dataset.rows(Split.VALIDATION))
    return guess_preprocessing(classifier, dataset, names, mapping, rows)


def _shown_source(source: Path, recognised: Recognised) -> str:
    """Name the model for people: what was given, or the model among several files."""
    return recognised.path.name if source.is_dir() and recognised.path.is_file() else source.name


def _size_of(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
