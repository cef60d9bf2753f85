"""What a trained run holds: its head, and the network under it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.files import hash_file, whole_file
from core.models.litert.conversion import convert_to_tflite, feature_engine
from core.training.checkpoint import Checkpoints
from core.training.config import Pooling, TrainingConfig

if TYPE_CHECKING:
    from core.models.architectures.classifier import MapPooling

_HEAD, _EXTRACTOR = "head.npz", "extractor.weights.h5"


def head_file(directory: Path) -> Path:
    """The best head. Runs of Darkroom 0.1.0 keep it beside the checkpoints."""
    folder = Checkpoints(directory).best_folder()
    return folder / _HEAD if folder else directory / "checkpoints" / "best.npz"


def extractor_file(directory: Path) -> Path:
    """The weights of the best network, where the run trained one."""
    return (Checkpoints(directory).best_folder() or directory / "checkpoints") / _EXTRACTOR


def activations_folder(directory: Path) -> Path:
    """Where a run that is at work keeps what its frozen trunk said of the pictures."""
    return directory / "activations"


def has_own_network(directory: Path) -> bool:
    """Whether what is delivered is another network than the backbone as it came.

    A run that fine-tunes delivers the frozen backbone after all where validation
    liked no fine-tuned epoch better.
    """
    return extractor_file(directory).exists()


def engine_path(directory: Path, settings: TrainingConfig) -> Path:
    """The LiteRT feature extractor of a trained run: its backbone's, or its own.

    A network of its own is converted at the first call.
    """
    if not has_own_network(directory):
        return feature_engine(settings.sized_backbone, pooling=map_pooling(settings))
    # Named by its weights: a run that is resumed trains another network.
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
    """The Keras feature extractor of a trained run (``keras.Model``, frozen)."""
    from core.models.architectures.classifier import build_feature_extractor

    is_own = has_own_network(directory)
    extractor = build_feature_extractor(
        settings.sized_backbone, pretrained=not is_own, pooling=map_pooling(settings)
    )
    if is_own:
        extractor.load_weights(extractor_file(directory))
    return extractor


def map_pooling(settings: TrainingConfig) -> MapPooling:
    """What the network does with its feature map; a mean is the mean of the quarters."""
    return "max" if settings.head.pooling is Pooling.MAX else "quarters"


def write_head(folder: Path, head: Any) -> None:
    """Put a head (``HeadWeights``) into the folder of a best epoch."""
    head.save(folder / _HEAD)


def write_extractor(folder: Path, extractor: Any) -> None:
    """Put a network (``keras.Model``) into the folder of a best epoch."""
    with whole_file(folder / _EXTRACTOR) as temporary:
        extractor.save_weights(temporary)
