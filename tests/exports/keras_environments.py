"""Versions of Keras that a Keras file must open in, on each backend: ``python -m tests.exports.keras_environments [all]``.

Installs those that every ``make test-exports`` tries, or all. A backend has an environment, and a
version of Keras a folder that stands before it on the path, so a version costs 10 MB. TensorFlow is
Darkroom's own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv-exports" / "keras"
# The newest of each minor version that was out when this was written.
VERSIONS = (
    *("3.5.0", "3.6.0", "3.7.0", "3.8.0", "3.9.2", "3.10.0"),
    *("3.11.3", "3.12.4", "3.13.2", "3.14.1", "3.15.1"),
)
# What each backend needs beside Keras, for pip.
_KERAS_NEEDS = ("absl-py", "numpy", "rich", "namex", "h5py", "optree", "ml-dtypes", "packaging")
BACKENDS = {
    "tensorflow": (),
    "jax": ("jax==0.10.2", *_KERAS_NEEDS),
    # The usual wheel brings 3 GB of CUDA. timm and transformers are the references of networks with published weights.
    "torch": (
        "torch==2.13.0",
        "timm==1.0.31",
        "transformers==5.24.0",
        "--extra-index-url",
        "https://download.pytorch.org/whl/cpu",
        *_KERAS_NEEDS,
    ),
}


@dataclass(frozen=True)
class KerasEnvironment:
    """A version of Keras on a backend."""

    version: str
    backend: str

    def __str__(self) -> str:
        return f"{self.version}-{self.backend}"

    @property
    def python(self) -> Path:
        own = FOLDER / self.backend / "bin" / "python"
        return own if BACKENDS[self.backend] else Path(sys.executable)

    @property
    def keras(self) -> Path:
        """Folder that holds this version."""
        return FOLDER / f"keras-{self.version}"

    @property
    def is_installed(self) -> bool:
        return self.keras.exists() and self.python.exists()

    @property
    def variables(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.keras), "KERAS_BACKEND": self.backend}

    def install(self) -> None:
        """Install what is missing."""
        if not self.python.exists():
            venv.create(FOLDER / self.backend, with_pip=True)
            _pip(self.python, *BACKENDS[self.backend])
        if not self.keras.exists():
            _pip(Path(sys.executable), "--no-deps", "--target", str(self.keras), f"keras=={self.version}")


ALL = tuple(KerasEnvironment(version, backend) for version, backend in product(VERSIONS, BACKENDS))
# The oldest: it knows the least.
ALWAYS = tuple(environment for environment in ALL if environment.version == VERSIONS[0])[:2]


def _pip(python: Path, *arguments: str) -> None:
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments], check=True
    )


if __name__ == "__main__":
    for environment in ALL if sys.argv[1:] == ["all"] else ALWAYS:
        environment.install()
