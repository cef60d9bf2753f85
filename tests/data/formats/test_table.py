"""Import formats are rows of one table: a new row works in core and in the command line; tests/pages/test_importing.py has the page."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from core.cli.import_options import add_import_options, import_config
from core.data.dataset import open_dataset
from core.data.formats.class_folders import reading_of_assignments
from core.data.formats.import_format import Confidence, Evidence, FormatReading, ImportFormat
from core.data.formats.survey import Survey
from core.data.formats.table import FORMATS
from core.data.import_config import ImportConfig
from core.data.importing import import_dataset
from core.data.labels.layout import FileAssignment
from core.errors import ConfigError
from core.messages import Message
from tests.support.pictures import digit, write_folder


def read_prefixes(survey: Survey, config: ImportConfig) -> FormatReading:
    """Take the text before the first dash of a file's name as its class."""
    assignments = [
        FileAssignment(label=member.parts[-1].partition("-")[0], split=None) for member in survey.members
    ]
    return reading_of_assignments(survey, assignments, config)


def recognise_prefixes(survey: Survey) -> Evidence | None:
    if not all("-" in member.parts[-1] for member in survey.members):
        return None
    return Evidence(confidence=Confidence.LIKELY, sentence=Message("each name has a dash"))


@pytest.fixture
def prefixes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A throwaway format."""
    row = ImportFormat(
        name="prefixes",
        label="The beginnings of their names",
        caption="Such as cat-1.png.",
        recognise=recognise_prefixes,
        read=read_prefixes,
    )
    monkeypatch.setitem(FORMATS, "prefixes", row)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    files = {
        f"{name}-{number}.png": digit(number + shift)
        for name, shift in (("cat", 0), ("dog", 50))
        for number in range(5)
    }
    return write_folder(tmp_path / "loose", files)


@pytest.mark.usefixtures("prefixes")
@pytest.mark.parametrize("name", ["prefixes", ""], ids=["chosen", "recognised"])
def test_a_new_format_is_read(source: Path, name: str) -> None:
    report = import_dataset(source, "Pets", ImportConfig(format=name))
    assert report.classes == {"cat": 5, "dog": 5}
    assert open_dataset(report.project).class_names == ("cat", "dog")


@pytest.mark.usefixtures("prefixes")
def test_the_command_line_offers_a_new_format() -> None:
    parser = argparse.ArgumentParser()
    add_import_options(parser)
    assert import_config(parser.parse_args(["--format", "prefixes"])).format == "prefixes"


def test_an_unknown_format_is_refused(source: Path) -> None:
    with pytest.raises(ConfigError, match="no import format called “tarot”"):
        import_dataset(source, "Pets", ImportConfig(format="tarot"))
