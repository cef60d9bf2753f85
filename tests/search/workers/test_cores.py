"""Each process keeps to its share of the cores."""

from __future__ import annotations

import os

import pytest

from core.search.space import Speed
from core.search.workers import cores
from core.search.workers.cores import own_share, share_cores, suggested_workers


@pytest.fixture
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    held = {*range(8)}

    def take(process: int, wanted: set[int]) -> None:
        held.clear()
        held.update(wanted)

    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(held), raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", take, raising=False)
    return held


def test_shares_are_disjoint_and_together_all(eight_cores: set[int]) -> None:
    seen = []
    for number in range(3):
        with share_cores(number, 3):
            seen.append(set(eight_cores))
        assert eight_cores == {*range(8)}, "given back"
    assert seen == [{0, 3, 6}, {1, 4, 7}, {2, 5}]


def test_more_processes_than_cores_share_them(eight_cores: set[int]) -> None:
    with share_cores(9, 12):
        assert eight_cores == {1}


def test_one_process_has_all(eight_cores: set[int]) -> None:
    with share_cores(0, 1):
        assert eight_cores == {*range(8)}


def test_a_helper_reads_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    assert own_share() == (0, 1)
    monkeypatch.setenv(cores.CORES_VARIABLE, "2/4")
    assert own_share() == (2, 4)


@pytest.mark.parametrize(
    ("cpus", "gigabytes", "speed", "expected"),
    [(2, 16, Speed.HEAD, 2), (16, 64, Speed.HEAD, 4), (8, 4, Speed.HEAD, 2), (8, 1, Speed.HEAD, 1), (8, 64, Speed.FULL, 1)],
)  # fmt: skip
def test_as_many_processes_as_cores_and_memory_allow(
    monkeypatch: pytest.MonkeyPatch, cpus: int, gigabytes: int, speed: Speed, expected: int
) -> None:
    class Memory:
        available = gigabytes << 30

    monkeypatch.setattr(cores, "cpu_cores", lambda: cpus)
    monkeypatch.setattr("core.search.workers.cores.psutil.virtual_memory", Memory)
    assert suggested_workers(speed) == expected
