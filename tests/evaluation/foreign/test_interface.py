"""A model that pictures cannot go through is refused with the reason."""

from __future__ import annotations

import pytest

from core.errors import ForeignModelError
from core.evaluation.foreign.facts import Interface, Layout, TensorFacts
from core.evaluation.foreign.interface import input_of, output_of, require_as_many


def tensor(*shape: int, name: str = "x", dtype: str = "float32") -> TensorFacts:
    return TensorFacts(name=name, shape=shape, dtype=dtype)


def of_inputs(*inputs: TensorFacts) -> Interface:
    return Interface(inputs=inputs, outputs=())


def of_outputs(*outputs: TensorFacts) -> Interface:
    return Interface(inputs=(), outputs=outputs)


def test_size_and_layout_follow_from_the_shape() -> None:
    last = input_of(of_inputs(tensor(0, 48, 64, 3)))
    assert (last.height, last.width, last.channels, last.layout) == (48, 64, 3, Layout.CHANNELS_LAST)
    first = input_of(of_inputs(tensor(1, 1, 48, 64)))
    assert (first.height, first.width, first.channels, first.layout) == (48, 64, 1, Layout.CHANNELS_FIRST)


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ((), "has 0 inputs"),
        ((tensor(0, 8, 8, 3, name="a"), tensor(0, 4, name="b")), r"has 2 inputs \(a, b\)"),
        ((tensor(0, 0, 0, 3),), r"\? × \? × \? × 3: the size of its pictures is open"),
        ((tensor(0, 8, 8, 4),), "this has neither"),
        ((tensor(0, 128),), r"not a batch of pictures"),
        ((tensor(0, 8, 8, 3, dtype="int64"),), "int64, not a batch of pictures"),
        ((tensor(0, 9000, 9000, 3),), "beyond 4096"),
    ],
)
def test_an_unfit_input_is_refused(inputs: tuple[TensorFacts, ...], sentence: str) -> None:
    with pytest.raises(ForeignModelError, match=sentence):
        input_of(of_inputs(*inputs))


def test_the_answer_is_the_output_with_a_number_for_each_class() -> None:
    map_, answer = tensor(0, 7, 7, 64, name="map"), tensor(0, 1, 1, 5, name="answer")
    assert output_of(of_outputs(map_, answer)) == 1
    two = of_outputs(tensor(0, 5, name="label:0"), tensor(0, 5, name="sub/Confidences:0"))
    assert output_of(two, "Confidences:0") == 1


def test_a_single_number_beside_the_answer_is_a_score() -> None:
    """Darkroom's own LiteRT file has the stranger score as its second output."""
    assert output_of(of_outputs(tensor(0, 5, name="Identity"), tensor(0, 1, name="Identity_1"))) == 0
    assert output_of(of_outputs(tensor(0, 1, name="only"))) == 0


@pytest.mark.parametrize(
    "outputs", [(), (tensor(0, 7, 7, 64),), (tensor(0, 5, name="a"), tensor(0, 4, name="b"))]
)
def test_several_answers_or_none_are_refused(outputs: tuple[TensorFacts, ...]) -> None:
    with pytest.raises(ForeignModelError, match="outputs that could be its answer"):
        output_of(of_outputs(*outputs))


def test_names_must_be_as_many_as_numbers() -> None:
    require_as_many(("a", "b"), 2)
    with pytest.raises(ForeignModelError, match=r"answers with 3 numbers, but 2 classes are named \(a, b\)"):
        require_as_many(("a", "b"), 3)
