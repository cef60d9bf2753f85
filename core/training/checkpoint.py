"""Where a run stands, on disk: enough to go on as if nothing had happened.

``checkpoints/state.npz`` holds every variable of the model and the optimiser and,
as JSON, the place in the run. ``checkpoints/best-…/`` holds what would be
delivered; ``checkpoints/best.json`` names the newest such folder and is written
after it, so that head and network in it always belong together.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.files import read_json, whole_file, write_json

if TYPE_CHECKING:
    import keras

_PLACE = "place"


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
        """Take ``best-{name}``, written before, for the best."""
        write_json(self._folder / "best.json", {"folder": f"best-{name}"})

    def save(self, place: dict[str, Any], model: keras.Model, best: str | None) -> None:
        """Write the state; bests that neither it nor the pointer names are removed.

        Args:
            place: where the run stands, as JSON.
            best: the name of the best as of this state.
        """
        arrays = {key: np.asarray(variable) for key, variable in _variables(model).items()}
        text = json.dumps({**place, "best_name": best}).encode()
        arrays[_PLACE] = np.frombuffer(text, np.uint8)
        content = io.BytesIO()
        np.savez(content, allow_pickle=False, **arrays)
        with whole_file(self.state_file) as temporary:
            temporary.write_bytes(content.getbuffer())
        current = self.best_folder()
        kept = {f"best-{best}", current.name if current else ""}
        for folder in self._folder.glob("best-*"):
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def place(self) -> dict[str, Any] | None:
        """Where the run stood when it was saved last, or None."""
        if not self.state_file.exists():
            return None
        with np.load(self.state_file, allow_pickle=False) as arrays:
            return dict(json.loads(arrays[_PLACE].tobytes()))

    def restore(self, model: keras.Model) -> None:
        """Put the saved values into a model that was built and compiled the same way, its optimiser built."""
        with np.load(self.state_file, allow_pickle=False) as arrays:
            for key, variable in _variables(model).items():
                variable.assign(arrays[key])

    def forget_state(self) -> None:
        """A later phase, or another attempt, starts from its beginning."""
        self.state_file.unlink(missing_ok=True)

    def forget_all(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _variables(model: keras.Model) -> dict[str, Any]:
    """Every variable of a compiled model, by a key that a model built the same way has, too.

    Not by its name, which depends on what else was built before. What the optimiser
    gathers of half a step is left out: it is empty whenever the state is written.
    """
    gathered = "gradient_accumulator"
    owners = {
        "model": model.variables,
        "metrics": model.metrics_variables,
        "optimizer": [variable for variable in model.optimizer.variables if gathered not in variable.path],
    }
    return {
        f"{owner}/{index:05d}": variable
        for owner, variables in owners.items()
        for index, variable in enumerate(variables)
    }
