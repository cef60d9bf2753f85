"""C++ headers of the microcontroller starter: labels with their limits, and operators."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.data.labels.task import Task
from core.delivery.files import Labels

_NONE = "-1.0f"


def labels_header(labels: Labels) -> str:
    """Write ``labels.h``: classes in the order of the probabilities, thresholds, limits."""
    thresholds = labels.thresholds or (None,) * len(labels.class_names)
    return f"""// Classes and limits of this classifier, written by Darkroom.
#pragma once

// Pictures are stretched to so many pixels a side.
constexpr int kInputSize = {labels.input_size};
constexpr int kClassCount = {len(labels.class_names)};
// True: a picture may show several classes, or none.
constexpr bool kHasSeveralLabels = {str(labels.task is Task.MULTI_LABEL).lower()};
// Names in UTF-8, in the order of the probabilities.
constexpr const char* kClassNames[kClassCount] = {{{_listed(_c_string(name) for name in labels.class_names)}}};
// Where there is no threshold or limit.
constexpr float kNone = {_NONE};
// Probability from which each class is answered.
constexpr float kThresholds[kClassCount] = {{{_listed(map(_c_number, thresholds))}}};
// Score above which a picture shows none of the classes.
constexpr bool kHasStrangerLimit = {str(labels.stranger_limit is not None).lower()};
constexpr float kStrangerLimit = {_c_number(labels.stranger_limit)};
// Probability below which an answer is unsure.
constexpr float kLeastConfidence = {_c_number(labels.least_confidence)};
"""


def operators_header(methods: Sequence[str], arena_bytes: int) -> str:
    """Write ``operators.h``: the operators of the network, and its arena."""
    lines = "\n".join(f"  resolver.{method}();" for method in methods)
    return f"""// Operators of this network and its memory, written by Darkroom.
#pragma once

#include <cstddef>

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

using OperatorResolver = tflite::MicroMutableOpResolver<{len(methods)}>;

inline void add_operators(OperatorResolver& resolver) {{
{lines}
}}

// Measured with TensorFlow Lite Micro on a computer. The kernels of a processor may take more.
constexpr size_t kMeasuredArenaBytes = {arena_bytes};
"""


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(parts)


def _c_string(text: str) -> str:
    """String literal of UTF-8 bytes; what is not plain ASCII is written as octal numbers."""
    plain = set(range(32, 127)) - set(b'"\\?')
    return '"' + "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in text.encode()) + '"'


def _c_number(number: float | None) -> str:
    return _NONE if number is None else f"{number:.9g}f" if "." in f"{number:.9g}" else f"{number:.9e}f"
