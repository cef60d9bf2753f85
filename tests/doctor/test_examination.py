"""The whole examination: planted faults are reported, good pictures are not, dismissals last."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.dataset import open_dataset
from core.data.editing.labels import exclude
from core.data.importing import import_dataset
from core.doctor import job
from core.doctor.examination import examine, pictures_to_examine
from core.doctor.findings import Finding
from core.doctor.job import examine_dataset
from core.doctor.report import Report, dismiss, dismissals, read_report, undismiss
from core.doctor.sentences import FindingKind
from core.progress import JobStopped, QuietProgress, Stage
from core.workspace import Project
from tests.support.pictures import encoded, photograph, write_folder
from tests.support.progress_recorder import Recorder

QUIET = QuietProgress()
CLASSES = {"coin": "coins", "cup": "coffee"}


def pieces(name: str) -> dict[str, np.ndarray]:
    """Thirty pieces of a photograph that share no pixel, in two sizes in turn."""
    picture = Image.fromarray(photograph(name))
    width, height = picture.width // 6, picture.height // 5
    tiles = {}
    for number in range(30):
        left, top = number % 6 * width, number // 6 * height
        tile = picture.crop((left, top, left + width, top + height))
        tiles[f"{number}.png"] = np.asarray(tile.resize((70, 56) if number % 2 else (74, 60)))
    return tiles


@pytest.fixture
def faulty(tmp_path: Path) -> Project:
    """Sixty good pictures, and one of each fault."""
    files = {
        f"{label}/{name}": encoded(picture, "PNG")
        for label, photographed in CLASSES.items()
        for name, picture in pieces(photographed).items()
    }
    copied = Image.fromarray(pieces("coins")["7.png"])
    files |= {
        "coin/near copy.jpg": encoded(copied.resize((60, 48)), "JPEG", quality=70),
        "coin/the same.png": files["coin/1.png"],
        "cup/really a coin.png": files["coin/9.png"],
        "cup/broken.jpg": encoded(copied, "JPEG")[:700],
        "cup/blank.png": encoded(np.full((60, 74, 3), 240, np.uint8), "PNG"),
        "cup/tiny.png": encoded(np.asarray(copied.rotate(180).resize((24, 20))), "PNG"),
    }
    return import_dataset(write_folder(tmp_path / "source", files), "faulty").project


def examined(project: Project) -> Report:
    return examine(pictures_to_examine(open_dataset(project)), None, dismissals(project), QUIET)


def of_kind(report: Report, kind: FindingKind) -> Finding:
    (finding,) = [finding for finding in report.findings if finding.kind is kind]
    return finding


def names(finding: Finding) -> set[str]:
    return {suspect.name for suspect in finding.suspects}


def test_each_planted_fault_is_found_and_nothing_else(faulty: Project) -> None:
    """Without features, as where no backbone is installed."""
    report = examined(faulty)
    assert {finding.kind: names(finding) for finding in report.findings} == {
        FindingKind.CONFLICTING_LABELS: {"coin/9.png", "cup/really a coin.png"},
        FindingKind.NEAR_DUPLICATES: {"coin/near copy.jpg"},
        FindingKind.UNREADABLE: {"cup/broken.jpg"},
        FindingKind.BLANK: {"cup/blank.png"},
        FindingKind.TINY: {"cup/tiny.png"},
        FindingKind.EXACT_DUPLICATES: {"coin/the same.png"},
    }
    assert not report.with_features
    assert report.pictures == 64
    assert of_kind(report, FindingKind.NEAR_DUPLICATES).headline.values["straddling"] == 0, (
        "import keeps them together"
    )


def test_what_is_excluded_is_not_examined(faulty: Project) -> None:
    blank = of_kind(examined(faulty), FindingKind.BLANK).suspects[0]
    exclude(faulty, [blank.id])
    assert FindingKind.BLANK not in {finding.kind for finding in examined(faulty).findings}


def test_dismissed_suspects_are_not_reported_again(faulty: Project) -> None:
    tiny = of_kind(examined(faulty), FindingKind.TINY).suspects[0]
    dismiss(faulty, FindingKind.TINY, [tiny.id])
    assert FindingKind.TINY not in {finding.kind for finding in examined(faulty).findings}
    undismiss(faulty, FindingKind.TINY, [tiny.id])
    assert names(of_kind(examined(faulty), FindingKind.TINY)) == {"cup/tiny.png"}


def test_the_job_finds_wrong_labels_and_keeps_its_report(digits_project: Project) -> None:
    """With the backbone that comes with Darkroom."""
    from core.data.editing.labels import relabel

    pictures = open_dataset(digits_project).pictures
    wrong = pictures[pictures["label"] == "8"].iloc[2]
    version = relabel(digits_project, [wrong["id"]], "3").version
    recorder = Recorder()
    result = examine_dataset(digits_project.jobs / "examine-1", {"version": version}, recorder)
    report = read_report(digits_project)
    assert report is not None
    assert (report.version, report.with_features, report.pictures) == (version, True, 60)
    suspected = {
        suspect.id: suspect.suggested for suspect in of_kind(report, FindingKind.WRONG_LABELS).suspects
    }
    assert suspected[wrong["id"]] == "8"
    assert len(suspected) <= 5
    assert result["findings"][FindingKind.WRONG_LABELS] == len(suspected)
    steps = [done for done, _ in recorder.steps_in(Stage.CHECKING)]
    assert steps == sorted(steps), "the bar must not go back"
    assert recorder.stages[-1] is Stage.CHECKING
    assert set(recorder.expected) >= {Stage.CHECKING}
    assert report.to_answer()["findings"] == [finding.in_brief() for finding in report.findings]


def test_without_a_backbone_image_quality_is_examined(
    faulty: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "weights_ready", lambda backbone: False)
    version = open_dataset(faulty).version
    result = examine_dataset(faulty.jobs / "examine-1", {"version": version}, Recorder())
    assert result["with_features"] is False
    assert result["findings"][FindingKind.CONFLICTING_LABELS] == 2


def test_an_examination_can_be_stopped(faulty: Project) -> None:
    dataset = pictures_to_examine(open_dataset(faulty))
    with pytest.raises(JobStopped):
        examine(dataset, None, set(), Recorder(stop=lambda recorder: True))
    assert read_report(faulty) is None


def test_a_project_with_nothing_left_to_learn_can_be_examined(faulty: Project) -> None:
    exclude(faulty, open_dataset(faulty).all_pictures["id"].tolist())
    report = examined(faulty)
    assert {finding.kind for finding in report.findings} == {
        FindingKind.UNREADABLE,
        FindingKind.EXACT_DUPLICATES,
    }
