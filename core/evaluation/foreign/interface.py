"""Input and output of a foreign model that the pictures of a project can go through, or the reason why not."""

from __future__ import annotations

from core.evaluation.foreign.facts import InputFacts, Interface, Layout, TensorFacts
from core.evaluation.foreign.faults import ForeignModelError
from core.messages import N_, first_of

_COLOURS = (3, 1)
_LARGEST_SIDE = 4096
# ImageNet-21k has 21,841.
_MOST_CLASSES = 100_000
_TYPES = {"float32", "float16", "float64", "uint8", "int8"}


def input_of(interface: Interface) -> InputFacts:
    """Read the size and layout of the one input.

    Raises:
        ForeignModelError: there are several inputs, or the one takes no pictures of a fixed size.
    """
    if len(interface.inputs) != 1:
        raise ForeignModelError(
            N_("The model has {count} inputs ({names}). A model that classifies pictures has one."),
            count=len(interface.inputs),
            names=first_of([tensor.name for tensor in interface.inputs]),
        )
    (tensor,) = interface.inputs
    if len(tensor.shape) != 4 or tensor.dtype not in _TYPES:
        raise ForeignModelError(
            N_(
                "The model's input is {shape} of {type}, not a batch of pictures (number, height, width, 3 colours)."
            ),
            shape=_shown(tensor),
            type=tensor.dtype,
        )
    _, *lengths = tensor.shape
    if lengths[-1] in _COLOURS:
        layout, (height, width, channels) = Layout.CHANNELS_LAST, lengths
    elif lengths[0] in _COLOURS:
        layout, (channels, height, width) = Layout.CHANNELS_FIRST, lengths
    else:
        raise ForeignModelError(
            N_(
                "The model's input is {shape}. Pictures have 3 colours or 1 grey channel, first or last; this has neither."
            ),
            shape=_shown(tensor),
        )
    if not (0 < height <= _LARGEST_SIDE and 0 < width <= _LARGEST_SIDE):
        raise ForeignModelError(
            N_(
                "The model's input is {shape}: the size of its pictures is open or beyond {limit} pixels. Export it with a fixed size."
            ),
            shape=_shown(tensor),
            limit=_LARGEST_SIDE,
        )
    return InputFacts(width=width, height=height, channels=channels, layout=layout, tensor=tensor)


def output_of(interface: Interface, stated: str = "") -> int:
    """Find the output with the classes.

    Args:
        stated: its name, where the export says it.
    Returns:
        its position.
    Raises:
        ForeignModelError: there is none, or more than one.
    """
    names = [tensor.name for tensor in interface.outputs]
    fitting = [index for index, tensor in enumerate(interface.outputs) if _is_vector(tensor)]
    if stated:
        fitting = [index for index in fitting if _same(names[index], stated)] or fitting
    # A single number beside the probabilities is a score, as in Darkroom's own exports.
    long = [index for index in fitting if any(length != 1 for length in interface.outputs[index].shape[1:])]
    fitting = long if len(long) == 1 else fitting
    if len(fitting) != 1:
        raise ForeignModelError(
            N_(
                "The model has {count} outputs that could be its answer ({names}). A model that classifies pictures has one, with a number for each class."
            ),
            count=len(fitting),
            names=first_of([f"{tensor.name} {_shown(tensor)}" for tensor in interface.outputs]) or "–",
        )
    return fitting[0]


def require_as_many(names: tuple[str, ...], count: int) -> None:
    """Check that a model has a name for each output.

    Raises:
        ForeignModelError: there are more or fewer.
    """
    if len(names) != count:
        raise ForeignModelError(
            N_(
                "The model answers with {count} numbers, but {names} classes are named ({first}). Give it the right labels."
            ),
            count=count,
            names=len(names),
            first=first_of(list(names)),
        )


def require_sensible(count: int) -> int:
    """Return a number of classes.

    Raises:
        ForeignModelError: no classifier has so many.
    """
    if count > _MOST_CLASSES:
        raise ForeignModelError(
            N_("The model answers with {count} numbers. A classifier here has at most {most} classes."),
            count=count,
            most=_MOST_CLASSES,
        )
    return count


def _is_vector(tensor: TensorFacts) -> bool:
    """True for (batch, classes), also with axes of length 1."""
    return tensor.dtype in _TYPES and len([length for length in tensor.shape[1:] if length != 1]) <= 1 < len(
        tensor.shape
    )


def _same(name: str, stated: str) -> bool:
    return name.partition(":")[0].rpartition("/")[2] == stated.partition(":")[0].rpartition("/")[2]


def _shown(tensor: TensorFacts) -> str:
    return " × ".join(str(length) if length else "?" for length in tensor.shape) or "–"
