"""Manifests of real pictures, with their thumbnails on disk: a dataset without an import."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from core.data.dataset import thumbnail_path
from core.data.manifest import complete_manifest
from core.data.pixels.decoding import examine_picture
from core.data.storing import picture_columns
from core.files import sha256_bytes
from tests.support.pictures import encoded


def write_pictures(
    folder: Path, pictures: Mapping[str, np.ndarray | Image.Image], format: str = "PNG", **columns: Any
) -> pd.DataFrame:
    """A manifest's rows of these pictures by name, in their order; ``columns`` replace what is measured."""
    rows = [_write(folder, name, encoded(picture, format)) for name, picture in pictures.items()]
    return complete_manifest(pd.DataFrame(rows).assign(**columns))


def _write(folder: Path, name: str, data: bytes) -> dict[str, Any]:
    facts, sha256 = examine_picture(data), sha256_bytes(data)
    path = thumbnail_path(folder, sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(facts.thumbnail)
    return {
        "id": name,
        "sha256": sha256,
        "name": name,
        "label": "",
        "group": sha256,
        "supplied_split": "",
        "split": "",
        **picture_columns(data, facts),
    }
