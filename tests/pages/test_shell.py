"""Sidebar: compute device, and the reason for an unused GPU."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

import core.devices
from core.devices import Device
from core.messages import Message
from core.workspace import Project

OpenPage = Callable[..., AppTest]


def badge(app: AppTest) -> tuple[str, str]:
    """Text and tooltip of the sidebar's badge."""
    (badge_element,) = [item for item in app.sidebar.markdown if "-badge[" in item.value]
    return badge_element.value, badge_element.proto.help


def put_in(monkeypatch: pytest.MonkeyPatch, gpu: Device) -> None:
    monkeypatch.delenv("DARKROOM_DEVICE", raising=False)
    monkeypatch.setattr(core.devices, "_gpus", lambda: [gpu])


def test_without_a_gpu_the_cpu_is_named_with_its_cores(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core.devices, "_gpus", list)
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(16)))
    text, tooltip = badge(open_page())
    assert "CPU · 16 cores" in text
    assert tooltip == ""


def test_a_gpu_in_use_is_named(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in(monkeypatch, Device(key="gpu:0", name="NVIDIA H100", memory_bytes=80 << 30))
    text, tooltip = badge(open_page())
    assert "NVIDIA H100" in text
    assert tooltip == ""


def test_an_unused_gpu_is_shown_with_the_reason(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = Message("its driver is too old: it knows CUDA {found}", {"found": "11.4"})
    gpu = Device(key="gpu:0", name="NVIDIA H100", memory_bytes=80 << 30, is_usable=False, reason=reason)
    put_in(monkeypatch, gpu)
    text, tooltip = badge(open_page())
    assert "CPU · " in text
    assert tooltip.startswith("NVIDIA H100 is not used: its driver is too old: it knows CUDA 11")


def test_an_impossible_choice_of_device_is_shown(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every run would fail, so the sidebar warns first."""
    monkeypatch.setattr(core.devices, "_gpus", list)
    monkeypatch.setenv("DARKROOM_DEVICE", "gpu")
    text, tooltip = badge(open_page())
    assert "No device to compute on" in text
    assert "which is not there" in tooltip


def test_a_project_that_is_not_there_is_not_replaced_silently(open_page: OpenPage, project: Project) -> None:
    """Somebody follows an old link and must not take another project for it."""
    app = open_page("train", project="*gone*")
    assert [box.value for box in app.warning] == [
        r"There is no project “\*gone\*”: perhaps it was deleted. “Digits” is shown."
    ]
    assert app.run().warning, "drawn again"
    shutil.copytree(project.path, project.path.with_name("letters"))
    app = open_page("train", project="gone")
    assert [box.value for box in app.warning] == [
        "There is no project “gone”: perhaps it was deleted. Choose another one."
    ]
    (picker,) = [box for box in app.sidebar.selectbox if box.label == "Project"]
    picker.set_value("letters").run()
    assert not app.warning
    assert app.query_params["project"] == "letters"
