"""Table of the import formats, by name, in the order in which the page offers them."""

from __future__ import annotations

from core.data.formats.arrays.cifar import CIFAR
from core.data.formats.arrays.geti import GETI
from core.data.formats.arrays.hugging_face import HUGGING_FACE
from core.data.formats.arrays.idx_files import IDX_FILES
from core.data.formats.arrays.numpy_files import NUMPY_FILES
from core.data.formats.arrays.webdataset import WEBDATASET
from core.data.formats.class_folders import CLASS_FOLDERS, OUTER_FOLDERS, UNLABELLED
from core.data.formats.clouds.amazon import AMAZON
from core.data.formats.clouds.azure import AZURE
from core.data.formats.clouds.ultralytics import ULTRALYTICS
from core.data.formats.clouds.vertex import VERTEX
from core.data.formats.import_format import ImportFormat
from core.data.formats.label_tables import TABLE, TABLE_INSIDE
from core.data.formats.tables.darkroom_export import DARKROOM_EXPORT
from core.data.formats.tables.file_names import FILE_NAMES
from core.data.formats.tables.pixel_tables import PIXEL_TABLES
from core.data.formats.tools.coco import COCO
from core.data.formats.tools.create_ml import CREATE_ML
from core.data.formats.tools.custom_vision import CUSTOM_VISION
from core.data.formats.tools.cvat import CVAT
from core.data.formats.tools.datumaro import DATUMARO
from core.data.formats.tools.edge_impulse import EDGE_IMPULSE
from core.data.formats.tools.fiftyone import FIFTYONE
from core.data.formats.tools.imagenet_lists import IMAGENET_LISTS
from core.data.formats.tools.label_studio import LABEL_STUDIO
from core.data.formats.tools.labelme import LABELME
from core.data.formats.tools.open_images import OPEN_IMAGES
from core.data.formats.tools.pascal_voc import PASCAL_VOC
from core.data.formats.tools.teachable_machine import TEACHABLE_MACHINE
from core.data.formats.tools.yolo import YOLO

_ROWS: tuple[ImportFormat, ...] = (
    # Offered before a source is chosen.
    CLASS_FOLDERS,
    TABLE,
    TABLE_INSIDE,
    UNLABELLED,
    # Recognised.
    DARKROOM_EXPORT,
    OUTER_FOLDERS,
    LABEL_STUDIO,
    FIFTYONE,
    DATUMARO,
    CVAT,
    COCO,
    PASCAL_VOC,
    YOLO,
    OPEN_IMAGES,
    LABELME,
    CREATE_ML,
    EDGE_IMPULSE,
    CUSTOM_VISION,
    TEACHABLE_MACHINE,
    IMAGENET_LISTS,
    AMAZON,
    VERTEX,
    AZURE,
    ULTRALYTICS,
    GETI,
    HUGGING_FACE,
    WEBDATASET,
    NUMPY_FILES,
    IDX_FILES,
    CIFAR,
    PIXEL_TABLES,
    FILE_NAMES,
)
FORMATS = {row.name: row for row in _ROWS}
