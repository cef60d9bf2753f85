"""Table of the formats of dataset exports, by name, in the order in which the page offers them."""

from __future__ import annotations

from core.data.exports.coco import COCO
from core.data.exports.datumaro import DATUMARO
from core.data.exports.export_format import DatasetExportFormat
from core.data.exports.folders import FOLDERS
from core.data.exports.image_folder import IMAGE_FOLDER
from core.data.exports.parquet import PARQUET
from core.data.exports.webdataset import WEBDATASET

_ROWS: tuple[DatasetExportFormat, ...] = (FOLDERS, IMAGE_FOLDER, PARQUET, COCO, WEBDATASET, DATUMARO)
DATASET_FORMATS = {row.name: row for row in _ROWS}
