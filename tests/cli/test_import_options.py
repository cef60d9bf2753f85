"""Options of an import, as the settings that they mean."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from core.cli.import_options import add_import_options, import_config
from core.data.import_config import ImportConfig
from core.errors import ConfigError, NotFoundError


def settings(*options: str) -> ImportConfig:
    parser = argparse.ArgumentParser()
    add_import_options(parser)
    return import_config(parser.parse_args(options))


def test_a_range_is_two_values_two_percentages_or_a_preset() -> None:
    assert settings("--range", "-160", "240").pixel_range == (-160, 240)
    assert settings("--range", "1%", "99.5%").range_percentiles == (1, 99.5)
    assert settings("--range-preset", "ct_lung").pixel_range == (-1350, 150)
    with pytest.raises(ConfigError, match="two values or two percentages"):
        settings("--range", "0", "99%")


def test_names_of_classes_are_given_in_a_file_or_between_commas(tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    file.write_text("cat\n\nred fox\n", encoding="utf-8")
    assert settings("--class-names", str(file)).class_names == ("cat", "red fox")
    assert settings("--class-names", "cat, red fox").class_names == ("cat", "red fox")
    assert settings().class_names == ()
    with pytest.raises(NotFoundError, match=r"none.txt cannot be read"):
        settings("--class-names", str(tmp_path / "none.txt"))
