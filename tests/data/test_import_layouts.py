"""Import layouts are rows of one table: a new row works in core and in the command line; tests/pages/test_importing.py has the page."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from core.cli.dataset import add_import_options, import_config
from core.data.dataset import open_dataset
from core.data.import_config import ImportConfig
from core.data.import_layouts import LAYOUTS, ImportLayout, LayoutReading
from core.data.importing import import_dataset
from core.data.labels.layout import FileAssignment
from core.data.skip_reasons import Reason, SkipReason
from core.data.sources.opening import Listing
from core.errors import ConfigError
from tests.support.pictures import digit, write_folder


def read_prefixes(listing: Listing, config: ImportConfig, source_name: str) -> LayoutReading:
    """Take the text before the first dash of a file's name as its class."""
    assignments = [
        FileAssignment(label=member.parts[-1].partition("-")[0], split=None) for member in listing.members
    ]
    return LayoutReading(assignments=assignments, reason=Reason(code=SkipReason.NO_CLASS_FOLDER))


@pytest.fixture
def prefixes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A throwaway layout."""
    layout = ImportLayout(
        name="prefixes",
        label="The beginnings of their names",
        caption="Such as cat-1.png.",
        detect=lambda listing: all("-" in member.parts[-1] for member in listing.members),
        read=read_prefixes,
    )
    monkeypatch.setitem(LAYOUTS, "prefixes", layout)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    files = {
        f"{name}-{number}.png": digit(number + shift)
        for name, shift in (("cat", 0), ("dog", 50))
        for number in range(5)
    }
    return write_folder(tmp_path / "loose", files)


@pytest.mark.usefixtures("prefixes")
@pytest.mark.parametrize("layout", ["prefixes", ""], ids=["chosen", "detected"])
def test_a_new_layout_is_read(source: Path, layout: str) -> None:
    report = import_dataset(source, "Pets", ImportConfig(layout=layout))
    assert report.classes == {"cat": 5, "dog": 5}
    assert open_dataset(report.project).class_names == ("cat", "dog")


@pytest.mark.usefixtures("prefixes")
def test_the_command_line_offers_a_new_layout() -> None:
    parser = argparse.ArgumentParser()
    add_import_options(parser)
    assert import_config(parser.parse_args(["--layout", "prefixes"])).layout == "prefixes"


def test_an_unknown_layout_is_refused(source: Path) -> None:
    with pytest.raises(ConfigError, match="no import layout called “tarot”"):
        import_dataset(source, "Pets", ImportConfig(layout="tarot"))
