"""Files of an adaptation at work: its checkpoint, and the weights of its last whole epoch.

Imported by workers only.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.errors import DamagedFileError, RecordError
from core.files import whole_file
from core.messages import N_
from core.training.adaptation.config import AdaptationPoint
from core.training.checkpoint import variables_of

if TYPE_CHECKING:
    import keras

_POINT = "point"


class AdaptationFiles:
    """The files in one job directory."""

    def __init__(self, directory: Path) -> None:
        self._folder = directory / "checkpoints"

    @property
    def network(self) -> Path:
        """Weights after the last whole epoch, as ``write_arrays`` writes them."""
        return self._folder / "network.npz"

    def save(self, point: AdaptationPoint, model: keras.Model) -> None:
        """Write position, weights, optimiser and metrics, atomically."""
        arrays = {key: np.asarray(variable) for key, variable in variables_of(model).items()}
        arrays[_POINT] = np.frombuffer(json.dumps(point.to_json()).encode(), np.uint8)
        with whole_file(self._state) as temporary, temporary.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)

    def point(self) -> AdaptationPoint | None:
        """Position at the last save; None before.

        Raises:
            DamagedFileError: the file is not one that this version can resume from.
        """
        if not self._state.exists():
            return None
        with np.load(self._state, allow_pickle=False) as arrays:
            values = json.loads(arrays[_POINT].tobytes())
        try:
            return AdaptationPoint.from_json(values)
        except RecordError as error:
            raise DamagedFileError(
                N_("The file {file} is damaged: {reason}"), file=str(self._state), reason=error.message
            ) from error

    def restore(self, model: keras.Model) -> None:
        """Load the saved values into a model that was built and compiled the same way."""
        with np.load(self._state, allow_pickle=False) as arrays:
            for key, variable in variables_of(model).items():
                variable.assign(arrays[key])

    def remove(self) -> None:
        """Remove the files."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _state(self) -> Path:
        return self._folder / "state.npz"
