"""Adaptation job: from unlabelled pictures to a backbone of the project."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.data.dataset import open_dataset
from core.files import hash_file
from core.models.adapted import AdaptedBackbone, write_adapted, write_pictures
from core.models.weights.store import obtain_weights
from core.progress import JobStopped, Progress, Stage
from core.records import JsonObject
from core.training.adaptation.config import METHOD, AdaptationConfig, AdaptationSummary
from core.training.adaptation.estimate import expected_stages
from core.training.adaptation.pictures import select_pictures
from core.training.artifacts import activations_folder
from core.training.facts import import_keras
from core.training.kernels.choice import use_kernels
from core.workspace import project_of


def adapt(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Train the backbone's last blocks. Stopped after a whole epoch, it returns as if it had finished."""
    settings = AdaptationConfig.from_json(config)
    dataset = open_dataset(project_of(directory), settings.dataset_version)
    progress.plan(expected_stages(dataset, settings))
    progress.stage(Stage.READING)
    pictures = select_pictures(dataset, progress)
    write_pictures(directory, pictures.hashes)
    obtain_weights(settings.sized_backbone, progress.advance, progress.should_stop)
    use_kernels(directory, progress, is_resumed=(directory / "checkpoints").exists())
    progress.stage(Stage.CONVERTING)
    import_keras(progress)
    from core.training.adaptation.loop import AdaptationLoop

    loop = AdaptationLoop(directory, settings, pictures, progress)
    try:
        loop.run()
    except JobStopped:
        if loop.summary is None:
            shutil.rmtree(activations_folder(directory), ignore_errors=True)
            raise
    assert loop.summary is not None, "a whole epoch is done"
    return {"adaptation": loop.summary.to_json()}


def store_backbone(directory: Path, config: JsonObject, progress: Progress) -> JsonObject:
    """Give the weights of the last whole epoch their name; they are a backbone of the project from then on."""
    from core.jobs.directory import JobDirectory
    from core.training.adaptation.state import AdaptationFiles

    settings = AdaptationConfig.from_json(config)
    summary = JobDirectory(directory).step_result("adaptation", AdaptationSummary)
    assert summary is not None, "the step before has ended"
    files = AdaptationFiles(directory)
    record = AdaptedBackbone(
        parent=settings.backbone,
        method=METHOD,
        pictures=summary.pictures,
        left_out=summary.left_out,
        dataset_version=settings.dataset_version,
        epochs=summary.epochs,
        seed=settings.seed,
        weights_sha256=hash_file(files.network),
    )
    write_adapted(directory, files.network, record)
    shutil.rmtree(activations_folder(directory), ignore_errors=True)
    # One that was stopped can be resumed.
    if summary.epochs == settings.epochs:
        files.remove()
    return {"backbone": record.key}
