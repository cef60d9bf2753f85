"""Check section: open findings and their remedies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import psutil
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset import Dataset, open_dataset
from core.data.editing.labels import exclude, relabel
from core.data.editing.versions import restore_version
from core.data.importing import add_pictures
from core.data.skip_reasons import Reason, SkipReason
from core.doctor.findings import Finding, Remedy, Suspect
from core.doctor.open_findings import OpenFinding, open_findings
from core.doctor.report import Report, dismiss, dismissals, write_report
from core.doctor.sentences import FindingKind, Shortcut
from core.files import write_json
from core.jobs.directory import JobDirectory
from core.jobs.kinds import JobKind
from core.jobs.status import JobState
from core.workspace import Project
from pages.ui.data.check.finding_card import finding_key, suggestions, together
from pages.ui.steps import Progress, Step, StepState, step_states
from tests.support.pictures import class_folders, write_folder

OpenPage = Callable[..., AppTest]


def suspects_of(
    dataset: Dataset, rows: Sequence[int], *, suggested: str = "", other: int | None = None
) -> tuple[Suspect, ...]:
    pictures = dataset.all_pictures
    return tuple(
        Suspect(
            id=pictures["id"].iloc[row],
            name=pictures["name"].iloc[row],
            label=pictures["label"].iloc[row],
            suggested=suggested,
            other="" if other is None else pictures["id"].iloc[other],
            score=1.0 / (1 + index),
        )
        for index, row in enumerate(rows)
    )


def finding(kind: FindingKind, suspects: tuple[Suspect, ...], remedy: Remedy) -> Finding:
    return Finding(
        kind=kind,
        shortcut=Shortcut.FORMAT if kind is FindingKind.SHORTCUTS else None,
        values={"total": 36, "straddling": 0, "classes": "“0”", "percent": 100},
        suspects=suspects,
        remedy=remedy,
    )


def left(item: OpenFinding) -> list[str]:
    return [suspect.id for suspect in item.left.suspects] if item.left else []


def reported(project: Project, *findings: Finding, with_features: bool = True) -> None:
    dataset = open_dataset(project)
    write_report(
        project,
        Report(
            version=dataset.version,
            findings=findings,
            pictures=len(dataset.all_pictures),
            seconds=1.0,
            with_features=with_features,
        ),
    )


@pytest.fixture
def wrong(project: Project) -> Finding:
    """Three pictures of "0" with the suggested label 1."""
    suspects = suspects_of(open_dataset(project), [0, 1, 2], suggested="1")
    return finding(FindingKind.WRONG_LABELS, suspects, Remedy.RELABEL)


# ---- What is left of a finding ----


def test_relabelled_or_excluded_suspects_are_settled_until_undone(project: Project, wrong: Finding) -> None:
    """The report need not be made anew after each click."""
    first, second, third = (suspect.id for suspect in wrong.suspects)
    relabel(project, [first], "1")
    changed = exclude(project, [second])
    item = open_findings([wrong], changed, set())[0]
    assert (left(item), item.done) == ([third], 2)
    assert item.left is not None
    assert str(item.left.headline) == "Pictures that may be in the wrong class: 1 of 36"

    undone = restore_version(project, changed.version - 1)
    assert left(open_findings([wrong], undone, set())[0]) == [second, third]


def test_a_new_label_does_not_settle_a_dark_picture(project: Project) -> None:
    dark = finding(FindingKind.DARK, suspects_of(open_dataset(project), [0, 1]), Remedy.EXCLUDE)
    first, second = (suspect.id for suspect in dark.suspects)
    relabel(project, [first], "1")
    dataset = exclude(project, [second])
    assert left(open_findings([dark], dataset, set())[0]) == [first]


def test_a_contradiction_is_settled_by_changing_either_picture(project: Project) -> None:
    """One change corrects both pictures of a contradicting pair."""
    dataset = open_dataset(project)
    zero, one = 0, len(dataset.all_pictures) - 1
    pair = suspects_of(dataset, [zero], other=one) + suspects_of(dataset, [one], other=zero)
    conflict = finding(FindingKind.CONFLICTING_LABELS, pair, Remedy.EXCLUDE)
    assert len(left(open_findings([conflict], dataset, set())[0])) == 2
    agreeing = relabel(project, [pair[0].id], pair[1].label)
    assert open_findings([conflict], agreeing, set())[0].left is None


def test_a_copy_is_settled_if_either_picture_is_excluded_or_relabelled(project: Project) -> None:
    dataset = open_dataset(project)
    copies = finding(FindingKind.NEAR_DUPLICATES, suspects_of(dataset, [1], other=0), Remedy.EXCLUDE)
    assert len(left(open_findings([copies], dataset, set())[0])) == 1
    right = dataset.all_pictures["id"].iloc[0]
    assert open_findings([copies], relabel(project, [right], "2"), set())[0].left is None
    assert open_findings([copies], exclude(project, [right]), set())[0].left is None


def test_a_suspect_marked_as_right_is_settled(project: Project, wrong: Finding) -> None:
    first = wrong.suspects[0]
    dismiss(project, FindingKind.WRONG_LABELS, [first.id])
    item = open_findings([wrong], open_dataset(project), dismissals(project))[0]
    assert first.id not in left(item)
    assert [suspect.id for suspect in item.dismissed] == [first.id]


def test_two_pictures_that_suggest_each_others_label_do_not_swap_labels(project: Project) -> None:
    """Accepting both would swap the labels, and the contradiction would stay."""
    dataset = open_dataset(project)
    last = len(dataset.all_pictures) - 1
    pair = suspects_of(dataset, [0], suggested="2", other=last)
    pair += suspects_of(dataset, [last], suggested="0", other=0)
    assert suggestions(pair) == {pair[0].id: "2"}


def test_a_picture_comes_once_before_all_its_copies(project: Project) -> None:
    dataset = open_dataset(project)
    copies = suspects_of(dataset, [3, 5], other=0)
    shown = together([copies[0], *suspects_of(dataset, [7], other=6), copies[1]])
    ids = dataset.all_pictures["id"]
    assert [one.id for one in shown] == [ids[row] for row in (0, 3, 5, 6, 7)]
    assert [one.suspect is None for one in shown] == [True, False, False, True, False]


# ---- The section ----


def check_page(open_page: OpenPage) -> AppTest:
    return open_page("data", section="check")


def page_text(app: AppTest) -> str:
    """Every sentence in the page's main part."""
    kinds = ("markdown", "caption", "info", "warning", "error", "success", "subheader")
    elements: list[Any] = [element for kind in kinds for element in app.main.get(kind)]
    return "\n".join(str(element.value) for element in elements)


def test_before_the_first_check_the_page_shows_one_button_with_the_expected_time(
    open_page: OpenPage, project: Project
) -> None:
    app = check_page(open_page)
    assert app.button(key="check").label == "Check the pictures"
    assert "36 pictures, about" in page_text(app)


def test_accepting_all_suggestions_makes_one_version_that_can_be_undone(
    open_page: OpenPage, project: Project, wrong: Finding
) -> None:
    reported(project, wrong)
    app = check_page(open_page)
    assert app.button(key=f"{finding_key(wrong)}-all").label == "Accept all 3 suggestions"
    app.button(key=f"{finding_key(wrong)}-all").click().run()

    dataset = open_dataset(project)
    assert dataset.version == 2
    assert dataset.all_pictures["label"].tolist()[:3] == ["1", "1", "1"]
    assert "Everything that the check found is dealt with" in page_text(app)

    app.button(key="undo").click().run()
    assert open_dataset(project).all_pictures["label"].tolist()[:3] == ["0", "0", "0"]
    assert app.button(key=f"{finding_key(wrong)}-all").label == "Accept all 3 suggestions"


def test_excluding_all_keeps_the_counterparts(open_page: OpenPage, project: Project) -> None:
    dataset = open_dataset(project)
    copies = finding(FindingKind.NEAR_DUPLICATES, suspects_of(dataset, [1, 2], other=0), Remedy.EXCLUDE)
    reported(project, copies)
    check_page(open_page).button(key=f"{finding_key(copies)}-all").click().run()
    assert open_dataset(project).all_pictures["excluded"].tolist()[:4] == [False, True, True, False]


def test_suspects_marked_as_right_can_be_reopened(
    open_page: OpenPage, project: Project, wrong: Finding
) -> None:
    reported(project, wrong)
    dismiss(project, FindingKind.WRONG_LABELS, [wrong.suspects[0].id])
    app = check_page(open_page)
    assert "1 of 3 done" in page_text(app)
    app.button(key=f"{finding_key(wrong)}-again").click().run()
    assert dismissals(project) == set()
    assert "of 3 done" not in page_text(app)


def test_suspects_marked_as_right_after_an_earlier_check_can_be_reopened(
    open_page: OpenPage, project: Project, wrong: Finding
) -> None:
    """A new report does not list them any more."""
    dismiss(project, FindingKind.WRONG_LABELS, [wrong.suspects[0].id])
    reported(project)
    app = check_page(open_page)
    app.button(key="kept-earlier").click().run()
    assert dismissals(project) == set()


def test_a_finding_without_remedy_can_be_dismissed(open_page: OpenPage, project: Project) -> None:
    shortcut = finding(FindingKind.SHORTCUTS, suspects_of(open_dataset(project), [0, 1]), Remedy.NONE)
    reported(project, shortcut)
    app = check_page(open_page)
    app.button(key=f"{finding_key(shortcut)}-fine").click().run()
    assert "1 finding" not in page_text(app)
    assert len(dismissals(project)) == 2


def test_unreadable_files_are_listed_by_name(open_page: OpenPage, project: Project) -> None:
    """They have no id, so no action applies to them."""
    broken = Suspect(
        id="", name="cut *off*.png", label="", score=1.0, because=Reason(code=SkipReason.DAMAGED)
    )
    reported(project, finding(FindingKind.UNREADABLE, (broken,), Remedy.NONE))
    app = check_page(open_page)
    assert app.dataframe[0].value.to_dict("records") == [
        {"file": "cut *off*.png", "why": "it is damaged or cut off"}
    ]


def test_pictures_added_after_the_check_are_reported_as_unchecked(
    open_page: OpenPage, project: Project, wrong: Finding, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A report says nothing about pictures added later."""
    reported(project, wrong)
    new = write_folder(tmp_path_factory.mktemp("new"), class_folders({"0": 2}, start=900))
    add_pictures(project, new)
    assert "2 pictures were added since and have not been checked" in page_text(check_page(open_page))


def test_a_check_without_findings_lists_the_checks(open_page: OpenPage, project: Project) -> None:
    reported(project)
    assert "No wrong labels, copies" in page_text(check_page(open_page))


def test_without_features_the_omitted_checks_are_named(open_page: OpenPage, project: Project) -> None:
    """“No wrong labels” would be false if they were not checked."""
    reported(project, with_features=False)
    text = page_text(check_page(open_page))
    assert "Wrong labels and outliers were not checked" in text
    assert "No wrong labels" not in text


def test_an_interrupted_check_can_be_restarted(open_page: OpenPage, project: Project) -> None:
    job = JobDirectory.create(project.jobs / "examine-1", JobKind.EXAMINE, {"version": 1})
    write_json(job.path / "process.json", {"pid": 2**22 + 1, "started": 0.0})  # above every real pid
    write_json(job.path / "status.json", {"state": JobState.RUNNING})
    app = check_page(open_page)
    assert "The last check was interrupted" in page_text(app)
    assert not app.button(key="check").disabled


def test_a_running_check_shows_progress_instead_of_the_button(open_page: OpenPage, project: Project) -> None:
    job = JobDirectory.create(project.jobs / "examine-1", JobKind.EXAMINE, {"version": 1})
    me = psutil.Process()
    write_json(job.path / "process.json", {"pid": me.pid, "started": me.create_time()})
    write_json(job.path / "status.json", {"state": JobState.RUNNING, "stage": "checking", "fraction": 0.4})
    assert step_states(project)[Step.DATA] == StepState(progress=Progress.RUNNING, fraction=0.4)
    app = check_page(open_page)
    assert app.button(key="check-progress-stop").label == "Stop"
    assert "check" not in {button.key for button in app.button}
