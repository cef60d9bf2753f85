"""Models that Keras 2 wrote, such as Teachable Machine's, built by Keras 3."""

from __future__ import annotations

from typing import Any


def build(config: dict[str, Any]) -> Any:
    """Build a model, without its weights, from ``class_name`` and ``config``."""
    import keras

    kind = keras.Sequential if config["class_name"] == "Sequential" else keras.Model
    with keras.saving.custom_object_scope(older_layers()):
        return kind.from_config(for_keras_3(config)["config"])


def for_keras_3(config: Any) -> Any:
    """Change what Keras 3 misunderstands in a config, and in all within it.

    - A list of one output becomes that output: layers of Keras 3 take the list for several tensors, so a
      pooling layer behind a model of one output has two outputs, and loading ends in an error.
    - A layer's shape loses its batch: Keras 3 takes it for a further axis.
    """
    if isinstance(config, list):
        return [for_keras_3(item) for item in config]
    if not isinstance(config, dict):
        return config
    changed = {name: for_keras_3(value) for name, value in config.items()}
    outputs = changed.get("output_layers")
    if isinstance(outputs, list) and len(outputs) == 1:
        changed["output_layers"] = outputs[0]
    settings = changed.get("config")
    if isinstance(settings, dict) and changed.get("class_name") != "InputLayer":
        shape = settings.pop("batch_input_shape", None)
        if shape is not None:
            settings["input_shape"] = shape[1:]
    return changed


def older_layers() -> dict[str, type]:
    """Make the layers that accept what Keras 2 wrote: ``groups`` of a DepthwiseConv2D."""
    import keras

    class DepthwiseConv2D(keras.layers.DepthwiseConv2D):
        def __init__(self, *arguments: Any, groups: int = 1, **options: Any) -> None:
            super().__init__(*arguments, **options)

    return {"DepthwiseConv2D": DepthwiseConv2D}
