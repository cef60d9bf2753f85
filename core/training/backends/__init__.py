"""Backend-specific training code, one file per Keras backend.

Everything outside this folder uses Keras 3 and NumPy only.
"""

from __future__ import annotations

import keras

from core.training.backends.protocol import Backend


def current_backend() -> Backend:
    """Return the backend that Keras was imported with."""
    name = keras.backend.backend()
    if name == "tensorflow":
        from core.training.backends.tensorflow import TensorFlowBackend

        return TensorFlowBackend()
    if name == "jax":
        from core.training.backends.jax import JaxBackend

        return JaxBackend()
    from core.training.backends.generic import GenericBackend

    return GenericBackend()
