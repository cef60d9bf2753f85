#!/usr/bin/env bash
# Finding: openpyxl's read-only mode believes the <dimension> that a sheet states. A program that states too
#   small a one loses columns, too large a one pads each row; without read-only, the cells themselves decide.
# Versions: openpyxl 3.1.5 (pinned below), Python 3.11
# Documented: "Read-only mode" says that dimensions can be wrong, and names reset_dimensions(); that cells
#   outside are dropped in silence is not said.
# Guessed: a wrong dimension costs nothing, because the cells carry their own addresses.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
python="$folder/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check openpyxl==3.1.5
"$python" --version
"$python" -m pip freeze --disable-pip-version-check | grep -Ei '^openpyxl=='

"$python" - "$folder" <<'PY'
import re
import sys
import zipfile
from pathlib import Path

from openpyxl import Workbook, load_workbook

folder = Path(sys.argv[1])
book = Workbook()
for row in (["file", "label", "site"], ["1.png", "oak", "north"]):
    book.active.append(row)
book.save(folder / "true.xlsx")


def with_dimension(text: str) -> Path:
    """Copy of the file whose sheet states another dimension."""
    target = folder / f"{text.replace(':', '-')}.xlsx"
    with zipfile.ZipFile(folder / "true.xlsx") as source, zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith("sheet1.xml"):
                data = re.sub(rb'(<dimension ref=")[^"]*', rb"\g<1>" + text.encode(), data)
            copy.writestr(name, data)
    return target


def rows(file: Path, *, read_only: bool) -> list[tuple[object, ...]]:
    return list(load_workbook(file, read_only=read_only).active.iter_rows(values_only=True))


small, large = with_dimension("A1:B2"), with_dimension("A1:E2")
for name, file in (("too small", small), ("too large", large)):
    print(f"{name}, read-only:    ", rows(file, read_only=True))
    print(f"{name}, not read-only:", rows(file, read_only=False))
is_lost = [len(row) for row in rows(small, read_only=True)] == [2, 2]
is_padded = [row[3:] for row in rows(large, read_only=True)] == [(None, None)] * 2
if is_lost and is_padded and all(len(row) == 3 for row in rows(small, read_only=False)):
    print("As found: read-only mode follows the stated dimension.")
else:
    sys.exit("CHANGED: the finding no longer holds as described.")
PY
