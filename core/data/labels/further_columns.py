"""Further columns of a label table, such as device or age: one text a picture, by which slices are made.

Only columns that can part pictures are kept: numbers, and texts of which each stands for several
pictures. So a column of names, notes or addresses, which differ from picture to picture, is not.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from core.data.labels.tables import LabelTable

MOST_COLUMNS = 20
# Of a column of texts.
MOST_VALUES = 200


def choose_columns(table: LabelTable, used: Collection[str]) -> tuple[str, ...]:
    """Choose the columns to keep, at most ``MOST_COLUMNS``, in their order.

    Args:
        used: columns with a role, such as that of the classes.
    """
    chosen = (name for name in table.columns if name not in used and _parts_pictures(table.column(name)))
    return tuple(name for name, _ in zip(chosen, range(MOST_COLUMNS), strict=False))


def fields_of(table: LabelTable, columns: Sequence[str]) -> list[str]:
    """Write the cells of each row as JSON, without empty ones; "" for a row without any."""
    rows = zip(*(table.column(name) for name in columns), strict=True) if columns else [()] * len(table.rows)
    filled = ({name: cell for name, cell in zip(columns, row, strict=True) if cell} for row in rows)
    return [json.dumps(cells, ensure_ascii=False) if cells else "" for cells in filled]


def columns_of(fields: pd.Series) -> dict[str, np.ndarray]:
    """Read the columns that ``fields_of`` wrote: str (n,) by name, "" where a picture has no value."""
    codes, texts = pd.factorize(fields)
    rows = [json.loads(text) if text else {} for text in texts]
    names = list(dict.fromkeys(name for row in rows for name in row))[:MOST_COLUMNS]
    return {name: np.array([row.get(name, "") for row in rows], object)[codes] for name in names}


def as_numbers(cells: Collection[str]) -> np.ndarray | None:
    """Read cells as finite numbers: float64 (n,), NaN for an empty one; None if one is no number."""
    try:
        values = np.array([float(cell.replace(",", ".")) if cell else np.nan for cell in cells])
    except ValueError:
        return None
    is_number = np.isfinite(values) | np.array([not cell for cell in cells], bool)
    return values if is_number.all() else None


def _parts_pictures(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    different = set(filled)
    if len(different) < 2:
        return False
    values = as_numbers(different)
    if values is None:
        return len(different) <= min(MOST_VALUES, len(filled) // 2)
    # Row numbers say nothing about pictures.
    return not (
        len(different) == len(filled) and np.array_equal(np.diff(np.sort(values)), np.ones(len(values) - 1))
    )
