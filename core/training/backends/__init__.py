"""What differs from one Keras backend to another, and nothing else: one small file for each way.

Everything outside this folder keeps to Keras 3 and NumPy.
"""

from __future__ import annotations

import keras

from core.training.backends.protocol import Backend


def current_backend() -> Backend:
    """The backend that Keras was imported with."""
    name = keras.backend.backend()
    if name == "tensorflow":
        from core.training.backends.tensorflow import TensorFlowBackend

        return TensorFlowBackend()
    if name == "jax":
        from core.training.backends.jax import JaxBackend

        return JaxBackend()
    from core.training.backends.generic import GenericBackend

    return GenericBackend()
