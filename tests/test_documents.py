"""Documents name what there is: files, links and commands."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.__main__ import COMMANDS
from tests.conftest import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
FOLDERS = ("benchmarks", "core", "docs", "examples", "findings", "locale", "pages", "tests")
FILES = {
    path.relative_to(ROOT).as_posix()
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
} | {"app.py"}
# A path, or the name of a file of ours; folders of users have other suffixes and capitals.
NAMED = re.compile(r"`([a-z][\w./-]*(?:\.py|\.po|\.js|/))`")
# Folders that Darkroom makes.
MADE = {"activations", "answers", "checkpoints", "decoder", "evaluation", "heatmaps", "images", "model"}
MADE |= {
    "assets.extra",
    "pictures",
    "project",
    "reproduce",
    "shards",
    "sources",
    "thumbnails",
    "versions",
    "workspace",
}
# Files in what Darkroom hands out.
HANDED_OUT = {"predict.py", "reproduce.py", "verify.py"}
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
COMMAND_LINE = re.compile(r"python -m core ([a-z]+)([^\n`#]*)")


def named_files(text: str) -> Iterator[str]:
    for name in NAMED.findall(text):
        path = name.rstrip("/")
        if path not in HANDED_OUT and path.partition("/")[0] not in MADE and not any(map(str.isupper, path)):
            yield path


def is_ours(path: str) -> bool:
    """True for a file or folder of the repository, under its whole path or the end of it."""
    return any(f"/{path}/" in f"/{file}/" for file in FILES)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_name_files_that_exist(document: Path) -> None:
    assert [path for path in named_files(document.read_text("utf-8")) if not is_ours(path)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    prose = re.sub(r"```.*?```", "", document.read_text("utf-8"), flags=re.DOTALL)
    for target, heading in LINK.findall(prose):
        file = document.parent / target if target else document
        assert file.exists(), target
        if heading:
            assert heading in headings(file.read_text("utf-8")), (target, heading)


def headings(text: str) -> set[str]:
    """Anchors of headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def parser_of(command: str) -> argparse.ArgumentParser:
    (row,) = [row for row in COMMANDS if row.name == command]
    parser = argparse.ArgumentParser()
    parser.add_argument("--json")
    row.add_arguments(parser)
    return parser


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documented_commands_have_their_options(document: Path) -> None:
    for command, rest in COMMAND_LINE.findall(document.read_text("utf-8")):
        known = parser_of(command).format_help()
        for option in re.findall(r"--[a-z][a-z-]*", rest):
            assert re.search(rf"{option}\b", known), (command, option)


def test_every_command_is_documented() -> None:
    text = (ROOT / "docs" / "operating.md").read_text("utf-8")
    assert {row.name for row in COMMANDS} == {command for command, _ in COMMAND_LINE.findall(text)}
