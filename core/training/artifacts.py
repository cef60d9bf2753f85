"""Artifacts of a trained run: its head and the network under it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import NotFoundError
from core.files import hash_file, whole_file
from core.messages import N_
from core.models.head import HeadWeights, MapPooling
from core.models.litert.conversion import convert_to_tflite, feature_engine
from core.training.checkpoint import Checkpoints
from core.training.config import Pooling, TrainingConfig

_HEAD, _EXTRACTOR = "head.npz", "extractor.weights.h5"


def head_file(directory: Path) -> Path:
    """Return the file of the best head. Runs of version 0.1.0 have it beside the checkpoints."""
    folder = Checkpoints(directory).best_folder()
    return folder / _HEAD if folder else directory / "checkpoints" / "best.npz"


def best_head(run: Path) -> HeadWeights:
    """Load the best head of a trained run.

    Raises:
        NotFoundError: the weights were deleted since.
    """
    file = head_file(run)
    if not file.exists():
        raise NotFoundError(
            N_(
                "The weights of run “{name}” are missing from its folder ({file}). Train it again with the same settings."
            ),
            name=run.name,
            file=file.relative_to(run).as_posix(),
        )
    return HeadWeights.load(file)


def extractor_file(directory: Path) -> Path:
    """Return the weights file of the best network, which only some runs have."""
    return (Checkpoints(directory).best_folder() or directory / "checkpoints") / _EXTRACTOR


def activations_folder(directory: Path) -> Path:
    """Return the folder in which a working run caches the outputs of its frozen stem."""
    return directory / "activations"


def has_own_network(directory: Path) -> bool:
    """Return True if the run delivers a network of its own, not the pretrained backbone.

    A run that fine-tunes delivers the pretrained backbone if no fine-tuned epoch was
    better on validation.
    """
    return extractor_file(directory).exists()


def engine_path(directory: Path, settings: TrainingConfig) -> Path:
    """Return the LiteRT feature extractor of a trained run: the backbone's, or its own.

    A network of its own is converted on the first call.
    """
    if not has_own_network(directory):
        return feature_engine(settings.sized_backbone, pooling=map_pooling(settings))
    # Named by its weights: a resumed run trains another network.
    weights = hash_file(extractor_file(directory))
    path = directory / "checkpoints" / f"{directory.name}-{weights[:16]}.tflite"
    if not path.exists():
        extractor = load_extractor(directory, settings)
        for other in path.parent.glob(f"{directory.name}-*.tflite"):
            other.unlink()
        with whole_file(path) as temporary:
            temporary.write_bytes(convert_to_tflite(extractor))
    return path


def load_extractor(directory: Path, settings: TrainingConfig) -> Any:
    """Load the Keras feature extractor of a trained run (``keras.Model``, frozen)."""
    from core.models.architectures.classifier import build_feature_extractor

    is_own = has_own_network(directory)
    extractor = build_feature_extractor(
        settings.sized_backbone, pretrained=not is_own, pooling=map_pooling(settings)
    )
    if is_own:
        extractor.load_weights(extractor_file(directory))
    return extractor


def map_pooling(settings: TrainingConfig) -> MapPooling:
    """Return the pooling inside the network; global pooling averages the 2 x 2 cells afterwards."""
    return "max" if settings.head.pooling is Pooling.MAX else "grid"


def write_head(folder: Path, head: Any) -> None:
    """Write a head (``HeadWeights``) into the folder of a best epoch."""
    head.save(folder / _HEAD)


def write_extractor(folder: Path, extractor: Any) -> None:
    """Write a network (``keras.Model``) into the folder of a best epoch."""
    with whole_file(folder / _EXTRACTOR) as temporary:
        extractor.save_weights(temporary)
