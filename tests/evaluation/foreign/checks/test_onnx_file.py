"""ONNX files are looked through before any runtime reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ForeignModelError
from core.evaluation.foreign.checks.onnx_file import check_onnx_file
from tests.support.onnx_file import colour_onnx


def written(folder: Path, content: bytes) -> Path:
    (folder / "model.onnx").write_bytes(content)
    return folder / "model.onnx"


def test_a_plain_file_passes_and_its_names_are_read(tmp_path: Path) -> None:
    assert check_onnx_file(written(tmp_path, colour_onnx())).class_names == ()
    named = colour_onnx(names=("red", "green", "blue"))
    assert check_onnx_file(written(tmp_path, named)).class_names == ("red", "green", "blue")


def test_weights_in_another_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ForeignModelError, match="keeps its weights in another file"):
        check_onnx_file(written(tmp_path, colour_onnx(location="../../etc/passwd")))


def test_an_operator_of_another_maker_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ForeignModelError, match=r"programs of their own \(com\.mine\.Mine\)"):
        check_onnx_file(written(tmp_path, colour_onnx(domain="com.mine")))


@pytest.mark.parametrize(
    "content", [b"", b"not a model", b"\x00" * 40, b"\xff" * 40, colour_onnx()[:-5], colour_onnx()[:30]]
)
def test_a_file_that_only_pretends_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ForeignModelError, match=r"model\.onnx is damaged, cut off, or not a model"):
        check_onnx_file(written(tmp_path, content))


def test_names_that_are_a_program_are_not_run(tmp_path: Path) -> None:
    content = colour_onnx(names=("x",)).replace(b"{0: 'x'}", b"exit(1) ")
    assert check_onnx_file(written(tmp_path, content)).class_names == ()
