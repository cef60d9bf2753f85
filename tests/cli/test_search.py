"""``python -m core search`` as scripts use it."""

from __future__ import annotations

import os
import signal

import pytest

from core.__main__ import main
from core.jobs.status import JobState
from core.workspace import Project
from tests.support.command_line import PATIENCE_SECONDS, run_command, wait_for_state, wait_until
from tests.support.search_processes import (
    QUICK,
    counts_of,
    home_of,
    is_not_lost,
    kill_in_a_trial,
    no_survivors,
    numbers,
    start_detached,
    start_search_command,
    wait_for_trials,
)

TEST_MEASURES = {"accuracy", "macro_f1", "majority_baseline"}


def test_the_answer_lists_the_findings(digits_project: Project) -> None:
    """By default as well as with a word more of it, for scripts read these names."""
    answer = run_command(home_of(digits_project), "search", *QUICK, "--trials", "3")
    assert answer["search"].startswith("search-")
    assert answer["state"] == "finished"
    assert answer["trials"] == {"complete": 3, "pruned": 0, "failed": 0}
    assert answer["best"].keys() >= {"number", "value", "settings"}
    assert 0 < answer["best"]["value"] <= 1
    assert answer["best"]["settings"]["head"].keys() >= {"pooling", "l2"}
    assert answer["baseline"]["number"] == 0
    assert {"selection_bias", "gain", "pareto_front"} <= answer.keys()
    assert (digits_project.runs / answer["run"] / "result.json").exists()
    assert answer["test"].keys() >= TEST_MEASURES
    assert answer["seconds"] > 0


def test_a_climb_reports_its_run_and_its_rungs(digits_project: Project) -> None:
    answer = run_command(home_of(digits_project), "climb", "--project", "digits", "--minutes", "0.3")
    assert answer["state"] == "finished"
    assert (digits_project.runs / answer["run"] / "result.json").exists()
    assert answer["test"].keys() >= TEST_MEASURES
    first = answer["rungs"][0]
    assert (first["backbone"], first["recipe"], first["state"]) == ("efficientnet_lite0", "quick", "complete")
    assert 0 < first["value"] <= 1


def code_of(arguments: tuple[str, ...]) -> int:
    """The exit code of ``search``, in this process."""
    try:
        return main(["search", *arguments, "--json"])
    except SystemExit as refused:  # argparse's
        return int(refused.code or 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--project", "birds", "--trials", "1"), "no project called “birds”"),
        (("--trials", "1"), "--project NAME"),
        (("--project", "digits"), "needs a limit"),
        (("--project", "digits", "--trials", "0"), "needs a limit"),
        (("--project", "digits", "--minutes", "-1"), "minutes"),
        (("--project", "digits", "--trials", "1", "--space", "l2=1:0.1"), "l2"),
        (("--project", "digits", "--trials", "1", "--space", "l2=low:high"), "l2"),
        (("--project", "digits", "--trials", "1", "--space", "nonsense=1:2"), "nonsense"),
        (("--project", "digits", "--trials", "1", "--space", "l2"), "name=low:high"),
        (("--project", "digits", "--trials", "1", "--only"), "--space"),
        (("--project", "digits", "--trials", "1", "--storage", "nodatabase://x/y"), "No driver"),
        (("--project", "digits", "--trials", "1", "--start-from", "search-9"), "search-9"),
        (("--resume", "search-9"), "no search called “search-9”"),
        (("--worker", "search-9"), "--storage"),
        (("--worker", "search-9", "--storage", "postgresql://a:pass-word@127.0.0.1:1/x"), "refused"),
    ],
)
def test_an_impossible_command_is_refused_with_a_sentence(
    digits_project: Project, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    assert code_of(arguments) == 2
    answer, complaint = capsys.readouterr()
    assert answer == ""
    assert words in complaint
    assert "Traceback" not in complaint
    assert "pass-word" not in complaint


def test_a_search_whose_process_was_killed_goes_on_and_counts_right(digits_project: Project) -> None:
    with no_survivors(digits_project):
        job = start_detached(digits_project, "--trials", "1000")
        wait_for_trials(job, 2)
        own = job.process_id()
        assert own is not None
        lost = kill_in_a_trial(job, own)
        wait_for_state(job, JobState.INTERRUPTED)
        before = numbers(job)
        job.extend({"trials": len(before) + 4})
        run_command(home_of(digits_project), "search", "--resume", job.name, "--detach")
        assert counts_of(job) == {"complete": len(before) + 4, "pruned": 0, "failed": 0}
    assert numbers(job)[: len(before)] == before
    assert len(set(numbers(job))) == len(before) + 4
    assert is_not_lost(job, lost)


def test_ctrl_c_keeps_the_best(digits_project: Project) -> None:
    with no_survivors(digits_project):
        process, job = start_search_command(digits_project, "--trials", "1000")
        wait_for_trials(job, 2)
        os.kill(process.pid, signal.SIGINT)
        output, complaints = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, complaints
        wait_until(lambda: job.status().state is JobState.STOPPED, "the search to stop")
    assert '"best"' in output
    assert 2 <= len(set(numbers(job))) < 1000
