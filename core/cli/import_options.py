"""Options of ``import``, ``add`` and ``split``, and the settings that they mean."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.data.containers.config import ContainerConfig, ContainerKind, Plane
from core.data.formats.numbered_classes import names_on_lines
from core.data.formats.table import FORMATS
from core.data.import_config import ImportConfig
from core.data.labels.boxes import BoxUse, CropConfig
from core.data.labels.label_table import TableColumns
from core.data.pixels.range_presets import RANGE_PRESETS
from core.data.sources.encodings import decode_text
from core.data.sources.folders import FOLLOW_LINKS_OPTION
from core.data.sources.server_folders import FOLDERS_VARIABLE
from core.data.split.splitting import SplitConfig
from core.errors import ConfigError, NotFoundError
from core.messages import N_


def import_config(options: argparse.Namespace) -> ImportConfig:
    """Make the settings from the options of ``import`` and ``add``."""
    pixel_range, percentiles = chosen_range(options)
    return ImportConfig(
        merge_case=options.merge_case,
        format=options.format,
        confirmed=options.yes,
        unlabelled=options.unlabelled or options.format == "unlabelled",
        multi_label=options.multi_label,
        refer=options.refer,
        follow_links=options.follow_links,
        table=options.table,
        table_inside=options.table_inside,
        boxes=BoxUse(options.boxes),
        crops=_crop_config(options),
        pixel_range=pixel_range,
        range_percentiles=percentiles,
        class_names=tuple(_class_names(options.class_names)),
        channels=tuple(options.channels) if options.channels else None,
        columns=_table_columns(options),
        keep_columns=not options.drop_columns,
        containers=ContainerConfig(
            left_out=tuple(ContainerKind(kind) for kind in options.leave_out),
            frame_seconds=options.every,
            plane=Plane(options.plane),
        ),
        split=split_config(options) if _chooses_split(options) else None,
    )


def add_import_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that ``import_config`` reads."""
    parser.add_argument("--merge-case", action="store_true", help='merge "Cat" and "cat" into one class')
    parser.add_argument(
        "--format",
        default="",
        choices=["", *FORMATS],
        metavar="FORMAT",
        help=f"how pictures and labels are given (recognised): {', '.join(FORMATS)}",
    )
    parser.add_argument("--yes", action="store_true", help="import a source that can be misunderstood")
    parser.add_argument("--unlabelled", action="store_true", help="folders name no classes: label later")
    parser.add_argument(
        "--multi-label",
        action="store_true",
        help='pictures can have several labels: "cat; dog" in a cell of the table, or a column of 0 and 1 for each class',
    )
    add_range_options(parser)
    parser.add_argument(
        "--class-names",
        default="",
        metavar="FILE|A,B,C",
        help="names of classes that are only numbered, in the order of the numbers; in a file, one a line",
    )
    _add_box_options(parser)
    parser.add_argument(
        "--channels",
        type=int,
        nargs=3,
        metavar=("RED", "GREEN", "BLUE"),
        help="channels of pictures with many that are red, green and blue, counted from 1; 0 is black (1 2 3)",
    )
    _add_container_options(parser)
    parser.add_argument("--refer", action="store_true", help="leave a folder's pictures where they are")
    parser.add_argument(
        FOLLOW_LINKS_OPTION,
        action="store_true",
        help=f"follow links that stay in the folder, or lead into one of {FOLDERS_VARIABLE}",
    )
    _add_table_options(parser)
    add_split_options(parser)


def add_range_options(parser: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    """Add the choice of a range; return its group, for further ways to choose."""
    depth = parser.add_mutually_exclusive_group()
    depth.add_argument(
        "--range",
        type=_range_limit,
        nargs=2,
        metavar=("LOW", "HIGH"),
        help="values of pictures with more than 8 bits that become black and white, or percentages of all values, such as 1%% 99%% (found)",
    )
    depth.add_argument(
        "--range-preset",
        default="",
        choices=["", *RANGE_PRESETS],
        metavar="NAME",
        help=f"such a range by its name: {', '.join(RANGE_PRESETS)}",
    )
    return depth


def _add_table_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--table", type=Path, metavar="FILE", help="a CSV or Excel table with file names and labels"
    )
    parser.add_argument("--table-inside", action="store_true", help="take the labels from the table inside")
    parser.add_argument(
        "--file-column", default="", metavar="COLUMN", help="column of the table with the file names"
    )
    parser.add_argument(
        "--label-column", default="", metavar="COLUMN", help="column of the table with the classes"
    )
    parser.add_argument(
        "--group-column",
        default="",
        metavar="COLUMN",
        help="column with groups that stay on one side of the split, such as patients",
    )
    parser.add_argument(
        "--split-column", default="", metavar="COLUMN", help="column with train, validation and test"
    )
    parser.add_argument(
        "--drop-columns", action="store_true", help="keep no further columns of the table, such as age"
    )
    # The names until 0.1.0, for scripts that use them.
    parser.add_argument("--layout", dest="format", choices=["", *FORMATS], help=argparse.SUPPRESS)
    parser.add_argument("--sheet", dest="table", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--sheet-inside", dest="table_inside", action="store_true", help=argparse.SUPPRESS)


def _add_box_options(parser: argparse.ArgumentParser) -> None:
    default = CropConfig()
    parser.add_argument(
        "--boxes",
        default="",
        choices=[use.value for use in BoxUse],
        metavar="USE",
        help="boxes in the labels: crop (each becomes a picture) or picture (they label the whole picture)",
    )
    parser.add_argument(
        "--box-margin",
        type=float,
        metavar="PERCENT",
        help=f"added on each side of a box that is cut out, of its width and height ({default.margin:.0%})".replace(
            "%", "%%"
        ),
    )
    parser.add_argument(
        "--smallest-box",
        type=int,
        metavar="PIXELS",
        help=f"boxes with a shorter side are not cut out ({default.smallest_side})",
    )


def _add_container_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--every",
        type=float,
        default=ContainerConfig().frame_seconds,
        metavar="SECONDS",
        help="take a picture of a video every so many seconds (1)",
    )
    parser.add_argument(
        "--plane", default=Plane.AXIAL.value, choices=list(Plane), help="cut NIfTI volumes this way (axial)"
    )
    parser.add_argument(
        "--leave-out",
        nargs="+",
        default=[],
        choices=list(ContainerKind),
        metavar="KIND",
        help=f"take no pictures out of files of these kinds: {', '.join(ContainerKind)}",
    )


def add_split_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--validation", type=float, metavar="FRACTION", help="of the pictures (0.15)")
    parser.add_argument("--test", type=float, metavar="FRACTION", help="of the pictures (0.15)")
    parser.add_argument("--seed", type=int, help="of the random draw (0)")


def _chooses_split(options: argparse.Namespace) -> bool:
    return (options.validation, options.test, options.seed) != (None, None, None)


def split_config(options: argparse.Namespace) -> SplitConfig:
    default = SplitConfig()
    return SplitConfig(
        validation_fraction=default.validation_fraction if options.validation is None else options.validation,
        test_fraction=default.test_fraction if options.test is None else options.test,
        seed=default.seed if options.seed is None else options.seed,
    )


def _table_columns(options: argparse.Namespace) -> TableColumns | None:
    """The columns that the user chose; those that are not named are detected."""
    chosen = TableColumns(
        file=options.file_column,
        label=options.label_column,
        split=options.split_column,
        group=options.group_column,
    )
    return chosen if any((chosen.file, chosen.label, chosen.split, chosen.group)) else None


def _crop_config(options: argparse.Namespace) -> CropConfig:
    default = CropConfig()
    return CropConfig(
        margin=default.margin if options.box_margin is None else options.box_margin / 100,
        smallest_side=default.smallest_side if options.smallest_box is None else options.smallest_box,
    )


def chosen_range(
    options: argparse.Namespace,
) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
    """The range of pictures with more than 8 bits that the user chose: as values, or as percentiles."""
    if options.range_preset:
        return RANGE_PRESETS[options.range_preset].pixel_range, None
    if not options.range:
        return None, None
    low, high = (float(text.removesuffix("%")) for text in options.range)
    are_percentiles = {text.endswith("%") for text in options.range}
    if len(are_percentiles) > 1:
        raise ConfigError(N_("A range is two values or two percentages, such as 0 4095 or 1% 99%."))
    return (None, (low, high)) if are_percentiles == {True} else ((low, high), None)


def _range_limit(text: str) -> str:
    float(text.removesuffix("%"))
    return text


def _class_names(given: str) -> list[str]:
    """Names of classes that are written as “a,b,c”, or one a line in a file."""
    path = Path(given)
    if given and "," not in given:
        try:
            return names_on_lines(decode_text(path.read_bytes()))
        except OSError as error:
            raise NotFoundError(
                N_("{file} cannot be read: {error}."), file=given, error=error.strerror or str(error)
            ) from error
    return names_on_lines(given.replace(",", "\n"))
