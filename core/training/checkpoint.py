"""Checkpoints of a run, from which it resumes with the same numbers as without an interruption.

``checkpoints/state.npz`` holds every variable of the model and the optimiser and,
as JSON, the resume point. ``checkpoints/best-…/`` holds what would be delivered;
``checkpoints/best.json`` names the newest such folder and is written after it, so
that head and network in it always belong together.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import DamagedFileError, RecordError
from core.files import read_json, whole_file, write_json
from core.messages import N_
from core.training.records import ResumePoint

if TYPE_CHECKING:
    import keras

# The array's name in the file, unchanged since the first version.
_RESUME_POINT = "place"
# End of the path of an optimiser's counter of steps.
_ITERATION = "/iteration"


class Checkpoints:
    """The checkpoints of one run directory."""

    def __init__(self, run: Path) -> None:
        self._folder = run / "checkpoints"

    @property
    def state_file(self) -> Path:
        return self._folder / "state.npz"

    def best_folder(self) -> Path | None:
        """The folder of what would be delivered; None before there is any."""
        pointer = self._folder / "best.json"
        return self._folder / read_json(pointer)["folder"] if pointer.exists() else None

    def write_best(self, name: str, write: Callable[[Path], None]) -> None:
        """Make ``best-{name}`` the best; ``write`` fills its folder."""
        folder = self._folder / f"best-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write(folder)
        self.point_to_best(name)

    def point_to_best(self, name: str) -> None:
        """Make ``best-{name}``, written before, the best."""
        write_json(self._folder / "best.json", {"folder": f"best-{name}"})

    def save(self, point: ResumePoint, model: keras.Model) -> None:
        """Write the state; best folders that neither it nor the pointer names are removed."""
        arrays = {key: np.asarray(variable) for key, variable in variables_of(model).items()}
        arrays[_RESUME_POINT] = np.frombuffer(json.dumps(point.to_json()).encode(), np.uint8)
        content = io.BytesIO()
        np.savez(content, allow_pickle=False, **arrays)
        with whole_file(self.state_file) as temporary:
            temporary.write_bytes(content.getbuffer())
        current = self.best_folder()
        needed = {f"best-{point.best_name}", current.name if current else ""}
        for folder in self._folder.glob("best-*"):
            if folder.name not in needed:
                shutil.rmtree(folder, ignore_errors=True)

    def resume_point(self) -> ResumePoint | None:
        """Position in the run when it was saved last; None before.

        Raises:
            DamagedFileError: the file is not one that this version can resume from.
        """
        if not self.state_file.exists():
            return None
        with np.load(self.state_file, allow_pickle=False) as arrays:
            values = json.loads(arrays[_RESUME_POINT].tobytes())
        try:
            return ResumePoint.from_json(values)
        except RecordError as error:
            raise DamagedFileError(
                N_("The file {file} is damaged: {reason}"), file=str(self.state_file), reason=error.message
            ) from error

    def restore(self, model: keras.Model, micro_batches: int) -> None:
        """Load the saved values into a model built and compiled the same way, its optimiser built.

        Args:
            micro_batches: parts of a batch for which it was compiled; may differ from the saved ones.
        """
        point = self.resume_point()
        assert point is not None, "there is a saved state"
        with np.load(self.state_file, allow_pickle=False) as arrays:
            for key, variable in variables_of(model).items():
                value = arrays[key]
                # Keras counts parts of batches, and changes weights where their number divides the count.
                if variable.path.endswith(_ITERATION):
                    value = value // point.micro_batches * micro_batches
                variable.assign(value)

    def remove_all(self) -> None:
        """Remove every checkpoint of the run."""
        shutil.rmtree(self._folder, ignore_errors=True)


def variables_of(model: keras.Model) -> dict[str, Any]:
    """Every variable of a compiled model, by a key that a model built the same way has too.

    Keys are positions, because a variable's name depends on what else was built before.
    Accumulated gradients are left out: they are empty whenever the state is written.
    """
    accumulated = "gradient_accumulator"
    owners = {
        "model": model.variables,
        "metrics": model.metrics_variables,
        "optimizer": [variable for variable in model.optimizer.variables if accumulated not in variable.path],
    }
    return {
        f"{owner}/{index:05d}": variable
        for owner, variables in owners.items()
        for index, variable in enumerate(variables)
    }
