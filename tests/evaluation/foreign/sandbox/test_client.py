"""A foreign model that hangs or dies is one sentence, and its process is gone."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest

from core.errors import ForeignModelError
from core.evaluation.foreign.facts import Runtime
from core.evaluation.foreign.sandbox import client
from core.evaluation.foreign.sandbox.client import isolated_model
from core.evaluation.foreign.sandbox.messages import (
    BrokenMessageError,
    UnfitMessageError,
    receive,
    receive_array,
    send,
    send_array,
)
from tests.support.foreign_models import colour_model, to_tflite


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("model") / "theirs.tflite"
    file.write_bytes(to_tflite(colour_model()))
    return file


def test_a_model_that_does_not_answer_in_time_is_ended(
    model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "OPEN_SECONDS", 0.001)
    with (
        pytest.raises(ForeignModelError, match=r"theirs\.tflite did not answer within 0 s"),
        isolated_model(Runtime.LITERT, model_file, tmp_path / "log"),
    ):
        raise AssertionError("it was opened")


def test_a_process_that_dies_is_one_sentence(model_file: Path, tmp_path: Path) -> None:
    with isolated_model(Runtime.LITERT, model_file, tmp_path / "log") as model:
        batch = np.full((2, 24, 24, 3), 0.5, np.float32)
        (answers,) = model.answer(batch)
        np.testing.assert_allclose(answers, np.full((2, 3), 1 / 3), atol=1e-6)
        model._process.kill()
        model._process.wait()
        with pytest.raises(ForeignModelError, match="ended in the middle of its work"):
            model.answer(batch)


def messages_of(process: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Open a model in a process that runs this program instead of Darkroom's."""
    program = tmp_path / "hostile.py"
    program.write_text(f"import os, sys\nsys.stdin.buffer.readline()\nout = sys.stdout.buffer\n{process}\n")
    start = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda command, **how: start([command[0], str(program)], **how))
    with isolated_model(Runtime.LITERT, tmp_path / "theirs.tflite", tmp_path / "log") as model:
        model.answer(np.zeros((2, 4), np.float32))


INTERFACE = '{"network": "system", "interface": {"inputs": [], "outputs": []}}'


@pytest.mark.parametrize(
    "process",
    [
        # 100,000 lists inside one another: Python's own reader gives up.
        'out.write(b\'{"error": \' + b"[" * 100_000 + b"]" * 100_000 + b"}\\n")',
        # 500 inside one another: the reader does not, but what follows would.
        'out.write(b\'{"error": \' + b\'{"template": "", "values": {"a": \' * 500 + b"1" + b"}}" * 500 + b"}\\n")',
        'out.write(b"x" * (5 << 20))',
        'out.write(b\'{"error": {"template": "{a:>99999999999}", "values": {"a": 1}}}\\n\')',
        # 64 arrays of 900 MB each are announced; the first is refused before it is read.
        f"out.write(b'{INTERFACE}\\n')\n"
        'out.write(b\'{"outputs": 64}\\n{"dtype": "float32", "shape": [2, 112500000]}\\n\')',
        # 200 MB are taken, 200 more are not.
        f"out.write(b'{INTERFACE}\\n')\n"
        'head = b\'{"dtype": "uint8", "shape": [2, 100000000]}\\n\'\n'
        "out.write(b'{\"outputs\": 2}\\n' + head + bytes(200_000_000) + head)",
    ],
)
def test_a_process_that_answers_too_much_or_too_deep_is_one_sentence(
    process: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been taken over by its model."""
    with pytest.raises(ForeignModelError, match="something that no classifier answers, or more than 256 MB"):
        messages_of(f"{process}\nout.flush()\nsys.stdin.read()", tmp_path, monkeypatch)


def test_an_error_of_another_form_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = 'out.write(b\'{"error": {"template": "x", "values": [1]}}\\n\')'
    with pytest.raises(ForeignModelError, match="ended in the middle of its work"):
        messages_of(process, tmp_path, monkeypatch)


def test_arrays_travel_as_they_are() -> None:
    stream = io.BytesIO()
    array = np.arange(6, dtype=np.int8).reshape(2, 3)
    send_array(stream, array[:, ::-1])
    stream.seek(0)
    received = receive_array(stream, receive(stream))
    assert received.dtype == np.int8
    assert received.tolist() == [[2, 1, 0], [5, 4, 3]]


@pytest.mark.parametrize(
    "header",
    [
        {"dtype": "object", "shape": [1]},
        {"dtype": "float32", "shape": [1 << 40]},
        {"dtype": "float32", "shape": [-1, 4]},
        {"dtype": "nonsense", "shape": [1]},
    ],
)
def test_an_array_that_is_none_is_refused(header: dict[str, object]) -> None:
    """The process may have been taken over by its model."""
    with pytest.raises(UnfitMessageError):
        receive_array(io.BytesIO(bytes(8)), header)


def test_an_array_that_is_cut_off_is_told_from_one_that_is_none() -> None:
    """A process that ended has sent nothing, or a part."""
    for header in ({}, {"dtype": "float32", "shape": [4]}):
        with pytest.raises(BrokenMessageError) as raised:
            receive_array(io.BytesIO(bytes(8)), header)
        assert not isinstance(raised.value, UnfitMessageError)


def test_a_line_that_is_no_message_is_refused() -> None:
    stream = io.BytesIO()
    send(stream, {"a": 1})
    stream.write(b"[1, 2]\n")
    stream.seek(0)
    assert receive(stream) == {"a": 1}
    with pytest.raises(BrokenMessageError):
        receive(stream)
    assert receive(stream) == {}
