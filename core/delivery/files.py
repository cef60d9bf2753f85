"""What a finished run hands over, and where it lies in the run's directory."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from core.data.labels.task import Task
from core.errors import DeliveryError, NotFoundError, SchemaVersionError
from core.files import read_json, write_json
from core.messages import N_
from core.workspace import SCHEMA_VERSION


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What must be known beside the network to use it; ``labels.json`` in the run and in every bundle."""

    class_names: list[str]  # in the order of the probabilities
    input_size: int  # pictures are stretched to so many pixels a side
    backbone: str
    run: str
    task: str = Task.MULTI_CLASS.value  # a ``Task``; older files know no other
    thresholds: list[float] | None = None  # of several labels: from which probability each is given

    def write(self, path: Path) -> None:
        write_json(path, {"schema_version": SCHEMA_VERSION, **asdict(self)})

    @classmethod
    def read(cls, path: Path) -> Labels:
        record = read_json(path)
        if (version := record.pop("schema_version")) != SCHEMA_VERSION:
            raise SchemaVersionError(
                N_(
                    "{file} was written in format {found}; this Darkroom reads format {expected}. Update Darkroom."
                ),
                file=path.name,
                found=version,
                expected=SCHEMA_VERSION,
            )
        return cls(**record)


def keras_file(run: Path) -> Path:
    return run / "model.keras"


def tflite_file(run: Path) -> Path:
    return run / "model.tflite"


def labels_file(run: Path) -> Path:
    return run / "labels.json"


def bundle_file(run: Path) -> Path:
    """Made of the files above when it is first asked for."""
    return run / "bundle.zip"


def parity_file(run: Path) -> Path:
    """The measured proof that the exports answer as the evaluation did."""
    return run / "parity.json"


def is_delivered(run: Path) -> bool:
    """True once everything is there and proven: the proof is written last."""
    return parity_file(run).exists()


def require_delivered(run: Path) -> None:
    """Raises NotFoundError for a run whose classifier is not proven yet."""
    if not is_delivered(run):
        raise NotFoundError(
            N_("Run “{name}” has no finished classifier. Train it to the end, or resume it, first."),
            name=run.name,
        )


def withdraw(run: Path) -> None:
    """Forget the proof, and the bundle of what it proved: other files take their place."""
    for file in (parity_file(run), bundle_file(run)):
        file.unlink(missing_ok=True)


def require_parity(difference: float, tolerance: float, what: str) -> None:
    """Raises DeliveryError if an export answers otherwise than the evaluation did."""
    if not difference <= tolerance:
        raise DeliveryError(
            N_(
                "The {what} file answers differently from the evaluated classifier: probabilities differ by up to "
                "{difference:.4f}, more than {tolerance}. It is withheld; please report this."
            ),
            what=what,
            difference=difference,
            tolerance=tolerance,
        )
