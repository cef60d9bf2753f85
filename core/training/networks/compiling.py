"""Keras loss, optimiser and metrics of the training settings."""

from __future__ import annotations

import keras

from core.data.labels.task import Task
from core.training.config import Loss, LossConfig, Optimizer, TrainingConfig

_EMA_MOMENTUM = 0.99
_CLIP_NORM = 5.0  # global norm: one odd batch should not undo an epoch


def compile_for_training(
    model: keras.Model, settings: TrainingConfig, task: Task, *, average: bool, micro_batches: int
) -> None:
    """Compile a model that gives logits (B, C) for targets (B, C).

    Args:
        average: keep an exponential moving average of the weights (Polyak 1992);
            ``optimizer.finalize_variable_values`` replaces the weights by it.
        micro_batches: number of calls whose gradients are averaged before weights change.
    """
    model.compile(
        optimizer=_optimizer(settings, average=average, micro_batches=micro_batches),
        loss=_loss(settings.loss, task),
        metrics=[_accuracy(task)],
        jit_compile=False,
    )


def _optimizer(settings: TrainingConfig, *, average: bool, micro_batches: int) -> keras.optimizers.Optimizer:
    config = settings.optimizer
    shared = {
        "learning_rate": settings.learning_rate,
        "global_clipnorm": _CLIP_NORM,
        "use_ema": average,
        # Keras averages at every call, also where the weights wait for more gradients.
        "ema_momentum": _EMA_MOMENTUM ** (1 / micro_batches),
        "gradient_accumulation_steps": micro_batches if micro_batches > 1 else None,
    }
    if config.kind is Optimizer.ADAM:
        return keras.optimizers.Adam(**shared)
    shared["weight_decay"] = config.weight_decay
    if config.kind is Optimizer.SGD:
        return keras.optimizers.SGD(momentum=config.momentum, nesterov=config.momentum > 0, **shared)
    if config.kind is Optimizer.RMSPROP:
        return keras.optimizers.RMSprop(**shared)
    optimizer = keras.optimizers.AdamW(**shared)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def _loss(config: LossConfig, task: Task) -> keras.losses.Loss:
    smoothing = config.label_smoothing
    if task is Task.MULTI_LABEL:
        if config.kind is Loss.FOCAL:
            return keras.losses.BinaryFocalCrossentropy(
                gamma=config.focal_gamma, from_logits=True, label_smoothing=smoothing
            )
        return keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=smoothing)
    if config.kind is Loss.FOCAL:
        return keras.losses.CategoricalFocalCrossentropy(
            alpha=1.0, gamma=config.focal_gamma, from_logits=True, label_smoothing=smoothing
        )
    return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)


def _accuracy(task: Task) -> keras.metrics.Metric:
    if task is Task.MULTI_LABEL:
        return keras.metrics.MeanMetricWrapper(_has_all_labels_right, name="accuracy")
    return keras.metrics.CategoricalAccuracy(name="accuracy")


def _has_all_labels_right(targets: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Mark the pictures of which every label is right, as validation does: 1 or 0, (B,).

    The share of right labels would be near 1 for any classifier of many classes.
    """
    is_right = keras.ops.equal(targets > 0.5, logits > 0)  # a logit of 0 is one half
    return keras.ops.cast(keras.ops.all(is_right, axis=-1), "float32")
