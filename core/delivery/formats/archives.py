"""Members of zip archives, replaced in place."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

_CHUNK_BYTES = 1 << 20


def replace_members(path: Path, members: Mapping[str, bytes]) -> None:
    """Write members into an archive, in place of those that have the same names; the others stay.

    New ones are not compressed, the others are as they were.
    """
    changed = path.with_name(f"changed-{path.name}")
    try:
        with zipfile.ZipFile(path) as source, zipfile.ZipFile(changed, "w", zipfile.ZIP_STORED) as target:
            for info in source.infolist():
                if info.filename not in members:
                    same = zipfile.ZipInfo(info.filename, info.date_time)
                    same.compress_type, same.external_attr = info.compress_type, info.external_attr
                    with source.open(info) as old, target.open(same, "w", force_zip64=True) as new:
                        shutil.copyfileobj(old, new, _CHUNK_BYTES)
            for name, content in members.items():
                target.writestr(name, content)
        changed.replace(path)
    finally:
        changed.unlink(missing_ok=True)
