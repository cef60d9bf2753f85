"""Table of slice kinds.

A kind is one row: adding it here puts its slices onto the Evaluate page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.data.labels.further_columns import as_numbers, columns_of
from core.evaluation.slices.slicing import SliceSource, Slicing, by_category, by_quantile, crossed, plain_name
from core.files import is_sha256
from core.messages import N_, Message

# Sides that differ by less count as equal.
_SQUARE_RATIO = 1.05
_LEAST_PICTURES_OF_GROUP = 10
# Different numbers in a column of the label table from which it is cut at quartiles.
_LEAST_NUMBERS = 10
COLUMN_VALUE, GROUP_OF = N_("{column} · {value}"), N_("that of {name}")
NOT_NAMED, NO_FOLDER = N_("not named in the file"), N_("no folder")


@dataclass(frozen=True, kw_only=True)
class SliceKind:
    """One property by which the test pictures are divided."""

    code: str
    label: str
    help: str
    function: Callable[[SliceSource], Slicing | None]  # None: the pictures do not differ in it
    # Each slice is one group of the user's, which is held against the others.
    is_of_groups: bool = False


def cross_of(first: SliceKind, second: SliceKind, *, least: int) -> SliceKind:
    """Kind of the pictures that two kinds have in common; slices with fewer than ``least`` are left out."""

    def function(source: SliceSource) -> Slicing | None:
        one, other = first.function(source), second.function(source)
        return None if one is None or other is None else crossed(one, other, least=least)

    return SliceKind(code=f"{first.code} {second.code}", label="", help="", function=function)


def _column(name: str) -> Callable[[SliceSource], Slicing | None]:
    return lambda source: by_quantile(source.pictures[name].to_numpy(np.float64), source.rows)


def _by_size(source: SliceSource) -> Slicing | None:
    shorter = source.pictures[["width", "height"]].min(axis=1).to_numpy(np.float64)
    return by_quantile(shorter, source.rows)


def _by_shape(source: SliceSource) -> Slicing | None:
    pictures = source.pictures.iloc[source.rows]
    ratio = pictures["width"].to_numpy() / pictures["height"].to_numpy()
    members = np.stack(
        [
            ratio > _SQUARE_RATIO,
            ratio < 1 / _SQUARE_RATIO,
            (ratio <= _SQUARE_RATIO) & (ratio >= 1 / _SQUARE_RATIO),
        ]
    )
    names = [Message(N_("wider than high")), Message(N_("higher than wide")), Message(N_("square"))]
    return Slicing(names=names, members=members)


def _by_camera(source: SliceSource) -> Slicing | None:
    return by_category(source.pictures["camera"].iloc[source.rows], unnamed=NOT_NAMED)


def _by_format(source: SliceSource) -> Slicing | None:
    return by_category(source.pictures["format"].iloc[source.rows])


def _by_folder(source: SliceSource) -> Slicing | None:
    names = source.pictures["name"].iloc[source.rows]
    return by_category(names.str.replace(r"/?[^/]*$", "", regex=True), unnamed=NO_FOLDER)


def _by_group(source: SliceSource) -> Slicing | None:
    pictures = source.pictures.iloc[source.rows]
    groups, names = pictures["group"], pictures["name"]
    large = groups.map(groups.value_counts()) >= _LEAST_PICTURES_OF_GROUP
    slicing = by_category(groups.where(large, ""))
    if slicing is None:
        return None
    first = names.groupby(groups).first()
    return replace(slicing, names=[_group_name(str(name), first) for name in slicing.names])


def _group_name(group: str, first: pd.Series) -> Message:
    """Name a group; that of near copies, or of a DICOM patient, is a digest, so a picture stands for it."""
    return Message(GROUP_OF, {"name": first[group]}) if is_sha256(group) else plain_name(group)


def _by_class(source: SliceSource) -> Slicing | None:
    return Slicing(names=[plain_name(name) for name in source.class_names], members=source.targets.T)


def _by_label_table(source: SliceSource) -> Slicing | None:
    """Slices of every further column of the label table."""
    names: list[Message] = []
    members: list[np.ndarray] = []
    for column, cells in columns_of(source.pictures["fields"]).items():
        values = as_numbers(cells)
        is_measured = values is not None and len(set(cells)) > _LEAST_NUMBERS
        slicing = (
            by_quantile(values, source.rows)
            if values is not None and is_measured
            else by_category(pd.Series(cells[source.rows]))
        )
        if slicing is not None:
            names += [Message(COLUMN_VALUE, {"column": column, "value": name}) for name in slicing.names]
            members.append(slicing.members)
    return Slicing(names=names, members=np.concatenate(members)) if names else None


def _by_cluster(source: SliceSource) -> Slicing | None:
    if source.clusters is None:
        return None
    numbers = np.unique(source.clusters)
    names = [Message(N_("cluster {number}"), {"number": int(number) + 1}) for number in numbers]
    return Slicing(names=names, members=source.clusters == numbers[:, None])


# Of slices with the same pictures the first is shown: what a user knows a picture by comes before what is measured in it.
SLICE_KINDS: tuple[SliceKind, ...] = (
    SliceKind(
        code="class",
        label=N_("Class"),
        help=N_("The true class of the picture"),
        function=_by_class,
    ),
    SliceKind(
        code="camera",
        label=N_("Camera"),
        help=N_("Maker and model, as named in the file"),
        function=_by_camera,
    ),
    SliceKind(
        code="folder",
        label=N_("Folder"),
        help=N_("The folder of the picture in its source"),
        function=_by_folder,
    ),
    SliceKind(
        code="group",
        label=N_("Group"),
        help=N_("Pictures that belong together, such as one patient's; says nothing about other groups"),
        function=_by_group,
        is_of_groups=True,
    ),
    SliceKind(
        code="column",
        label=N_("Label table"),
        help=N_(
            "Further columns of the label table: each value, or numbers cut at the quartiles of all pictures"
        ),
        function=_by_label_table,
    ),
    SliceKind(code="format", label=N_("File format"), help=N_("Such as JPEG or PNG"), function=_by_format),
    SliceKind(
        code="size",
        label=N_("Size"),
        help=N_("The shorter side in pixels, cut at the quartiles of all pictures"),
        function=_by_size,
    ),
    SliceKind(code="shape", label=N_("Shape"), help=N_("Width against height"), function=_by_shape),
    SliceKind(
        code="brightness",
        label=N_("Brightness"),
        help=N_("Mean grey level, 0 to 255, cut at the quartiles of all pictures"),
        function=_column("brightness"),
    ),
    SliceKind(
        code="contrast",
        label=N_("Contrast"),
        help=N_("Spread of the grey levels, cut at the quartiles of all pictures"),
        function=_column("contrast"),
    ),
    SliceKind(
        code="sharpness",
        label=N_("Sharpness"),
        help=N_("About 1 for a sharp photograph, cut at the quartiles of all pictures"),
        function=_column("sharpness"),
    ),
    SliceKind(
        code="cluster",
        label=N_("Similar pictures"),
        help=N_("Clusters of what the network sees (k-means on its features)"),
        function=_by_cluster,
    ),
)
