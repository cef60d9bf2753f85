"""A file carried here is told by its checksum, put in its place whole, or refused with the reason."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import stat
from pathlib import Path

import pytest

from core.errors import WeightsError
from core.models import backbones, supplied_weights
from core.models.backbones import Backbone, get_backbone
from core.models.keras_backbones import WITH_TOP
from core.models.supplied_weights import import_weights_file
from core.models.weights.store import WeightsState, supplied_path, weights_path, weights_state

CONTENT = b"pretrained numbers" * 1000


@pytest.fixture
def resnet(monkeypatch: pytest.MonkeyPatch) -> Backbone:
    """ResNet50's record, as if CONTENT were its published file."""
    record = dataclasses.replace(
        get_backbone("resnet50"),
        weights_hash="md5:" + hashlib.md5(CONTENT).hexdigest(),
        download_bytes=len(CONTENT),
    )
    monkeypatch.setitem(backbones.BACKBONES, "resnet50", record)
    return record


@pytest.fixture
def mobilenet(monkeypatch: pytest.MonkeyPatch) -> Backbone:
    """MobileNetV2's record, which has no checksum, with CONTENT's length."""
    record = dataclasses.replace(get_backbone("mobilenet_v2"), download_bytes=len(CONTENT))
    monkeypatch.setitem(backbones.BACKBONES, "mobilenet_v2", record)
    return record


def carried(folder: Path, name: str, content: bytes = CONTENT) -> Path:
    path = folder / "stick" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def left_over(backbone: Backbone) -> list[str]:
    """Files where the weights belong, without the locks."""
    folder = supplied_path(backbone).parent
    return sorted(file.name for file in folder.iterdir() if file.suffix != ".lock") if folder.exists() else []


def test_a_file_is_known_by_its_content_whatever_it_is_called(tmp_path: Path, resnet: Backbone) -> None:
    path = carried(tmp_path, "download(3).bin")
    assert import_weights_file(path) == resnet
    target = weights_path(resnet)
    assert target.read_bytes() == CONTENT
    assert weights_state(resnet) is WeightsState.DOWNLOADED
    assert path.exists(), "the user's own file stays"
    assert left_over(resnet) == [resnet.weights_file]
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_a_sha256_is_known_too(tmp_path: Path, resnet: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    record = dataclasses.replace(resnet, weights_hash="sha256:" + hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setitem(backbones.BACKBONES, "resnet50", record)
    assert import_weights_file(carried(tmp_path, "a.h5")) == record


def test_a_good_file_is_never_overwritten(tmp_path: Path, resnet: Backbone) -> None:
    import_weights_file(carried(tmp_path, "a.h5"))
    first = weights_path(resnet).stat()
    assert import_weights_file(carried(tmp_path, "a.h5")) == resnet
    second = weights_path(resnet).stat()
    assert (first.st_ino, first.st_mtime_ns) == (second.st_ino, second.st_mtime_ns)
    assert left_over(resnet) == [resnet.weights_file]


def test_a_damaged_file_and_a_half_download_give_way(tmp_path: Path, resnet: Backbone) -> None:
    target = weights_path(resnet)
    target.parent.mkdir(parents=True)
    target.write_bytes(CONTENT[:-1])
    target.with_name(target.name + ".part").write_bytes(CONTENT[:10])
    import_weights_file(carried(tmp_path, "a.h5"))
    assert target.read_bytes() == CONTENT
    assert left_over(resnet) == [resnet.weights_file]


def test_the_file_with_the_top_is_told_from_the_one_without(
    tmp_path: Path, resnet: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mistake that is made most: both lie side by side on the server."""
    content = b"with its thousand classes"
    monkeypatch.setitem(WITH_TOP, hashlib.md5(content).hexdigest(), "resnet50")
    with pytest.raises(WeightsError) as caught:
        import_weights_file(carried(tmp_path, "resnet50.h5", content))
    assert str(caught.value).startswith(
        "resnet50.h5 holds ResNet50 with the classification top. Darkroom needs the file without it, "
        "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5, from "
    )
    assert left_over(resnet) == []


@pytest.mark.parametrize("suffix", ["", " (1)", "(2)"])
def test_a_broken_off_download_is_named_as_such(tmp_path: Path, resnet: Backbone, suffix: str) -> None:
    """Browsers number what they fetch twice."""
    name = Path(resnet.weights_file)
    path = carried(tmp_path, f"{name.stem}{suffix}{name.suffix}", CONTENT[:5000])
    with pytest.raises(
        WeightsError, match=r"is incomplete: it has 5000 of 18000 bytes, so its download broke off"
    ):
        import_weights_file(path)
    assert left_over(resnet) == []


def test_a_changed_file_is_not_taken(tmp_path: Path, resnet: Backbone) -> None:
    path = carried(tmp_path, resnet.weights_file, CONTENT[:-1] + b"!")
    with pytest.raises(WeightsError, match=r"has the name of the weights of ResNet50.*checksum differs"):
        import_weights_file(path)
    assert left_over(resnet) == []


def test_an_unknown_file_is_answered_with_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        import_weights_file(carried(tmp_path, "holiday.h5"))
    text = str(caught.value)
    assert text.startswith("holiday.h5 is not a weight file that Darkroom knows.")
    assert "efficientnetb0_notop.h5" in text
    assert text.count(".h5") == 4, "a few examples, not all"


def test_a_file_that_is_too_large_is_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supplied_weights, "_LARGEST", 10)
    monkeypatch.setattr(supplied_weights, "_copy", None)
    with pytest.raises(WeightsError, match="not a weight file that Darkroom knows"):
        import_weights_file(carried(tmp_path, "film.mkv"))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"There is no file .*nowhere\.h5"):
        import_weights_file(tmp_path / "nowhere.h5")
    with pytest.raises(WeightsError, match="There is no file"):
        import_weights_file(tmp_path)


def test_a_full_disk_is_no_traceback(
    tmp_path: Path, resnet: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(supplied_weights, "_copy", full)
    with pytest.raises(WeightsError, match=r"a\.h5 could not be copied: No space left on device\."):
        import_weights_file(carried(tmp_path, "a.h5"))
    assert left_over(resnet) == []


def test_without_a_checksum_the_name_and_the_loading_decide(tmp_path: Path, mobilenet: Backbone) -> None:
    """CONTENT has MobileNetV2's name and size but is no HDF5 file."""
    path = carried(tmp_path, mobilenet.weights_file)
    with pytest.raises(WeightsError, match="does not fit MobileNetV2"):
        import_weights_file(path)
    assert left_over(mobilenet) == []
    assert import_weights_file(path, prove=False) == mobilenet
    assert left_over(mobilenet) == [mobilenet.weights_file]


def test_without_a_checksum_another_name_is_not_enough(tmp_path: Path, mobilenet: Backbone) -> None:
    with pytest.raises(WeightsError, match="not a weight file that Darkroom knows"):
        import_weights_file(carried(tmp_path, "other.h5"), prove=False)


def test_an_upload_keeps_the_name_it_had(tmp_path: Path, mobilenet: Backbone) -> None:
    path = carried(tmp_path, "upload-17")
    assert import_weights_file(path, mobilenet.weights_file, prove=False) == mobilenet


def test_bundled_weights_can_be_carried_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package, its file alone is enough."""
    backbone = get_backbone("efficientnet_lite1")
    path = tmp_path / "lite1.pth"
    shutil.copyfile(weights_path(backbone), path)
    monkeypatch.setattr("core.models.weights.store.BUNDLED_PACKAGE", "no_such_package")
    monkeypatch.setattr("core.models.weights.store.is_reachable", lambda url: False)
    assert weights_state(backbone) is WeightsState.TO_BE_SUPPLIED
    assert import_weights_file(path) == backbone
    assert weights_path(backbone) == supplied_path(backbone)
    assert weights_state(backbone) is WeightsState.BUNDLED
