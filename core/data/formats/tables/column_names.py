"""Usual names of a table's columns, in the languages and tools that people use."""

from __future__ import annotations

from collections.abc import Sequence

from core.data.labels.layout import Split

# The most specific first.
FILE_NAMES = ("file", "filename", "file name", "image", "path", "picture", "photo", "image id", "id", "文件名", "文件", "图片", "datei", "fichier", "archivo", "ファイル", "файл")  # fmt: skip
LABEL_NAMES = ("label", "class", "class name", "category", "species", "target", "tag", "breed", "diagnosis", "labels", "classes", "categories", "tags", "targets", "choice", "choices", "标签", "类别", "类", "分类", "klasse", "kategorie", "classe", "étiquette", "etiqueta", "clase", "categoría", "ラベル", "クラス", "метка", "класс")  # fmt: skip
# Names that say what the pictures show, but often stand beside others that do.
VAGUE_LABEL_NAMES = ("animal", "animals", "object", "emotion", "disease", "dx", "plant", "variety", "cultivar", "defect", "condition", "grade", "genus", "kind", "type", "动物", "种类", "品种", "art", "espèce", "especie", "вид")  # fmt: skip
SPLIT_NAMES = ("split", "set", "subset", "part", "partition", "fold", "usage", "phase", "ml use", "数据集", "划分", "集合", "aufteilung")  # fmt: skip
GROUP_NAMES = ("group", "patient", "subject", "person", "camera", "burst", "session", "location", "lesion", "分组", "组", "患者", "病人", "gruppe", "groupe", "grupo", "グループ", "группа")  # fmt: skip
# Columns that describe the annotation or the file.
ADMINISTRATIVE_NAMES = ("annotator", "annotators", "annotated by", "labeler", "labeller", "worker", "worker id", "reviewer", "annotation id", "annotation", "id", "index", "unnamed: 0", "lead time", "created at", "updated at", "created", "updated", "date", "time", "timestamp", "confidence", "score", "probability", "url", "uri", "link", "source", "width", "height", "size", "bytes", "md5", "sha256", "hash", "license", "author", "comment", "comments", "note", "notes", "findings", "original name", "verified", "checked")  # fmt: skip


# Columns of yes and no: the parts of the pictures that are meant, and of the others.
_PARTS_OF_FLAGS = {
    "train": (Split.TRAIN, Split.TEST),
    "training": (Split.TRAIN, Split.TEST),
    "valid": (Split.VALIDATION, Split.TRAIN),
    "val": (Split.VALIDATION, Split.TRAIN),
    "validation": (Split.VALIDATION, Split.TRAIN),
    "test": (Split.TEST, Split.TRAIN),
}


def parts_of_flags(column: str) -> tuple[Split, Split] | None:
    """The parts that yes and no mean in a column such as “is_test”; None for other columns."""
    is_, _, word = _plain(column).partition(" ")
    return _PARTS_OF_FLAGS.get(word) if is_ == "is" else None


def rank(column: str, usual: Sequence[str]) -> int:
    """Rank a column's name for a role: 0 is best, twice the number of usual names is unfit."""
    plain = _plain(column)
    if plain in usual:
        return usual.index(plain)
    within = [index for index, name in enumerate(usual) if name in plain.split()]
    return len(usual) + min(within) if within else 2 * len(usual)


def best_named(columns: Sequence[str], usual: Sequence[str]) -> str | None:
    """The column whose name fits a role best, None if none fits."""
    best = min(columns, key=lambda column: rank(column, usual), default=None)
    return best if best is not None and rank(best, usual) < 2 * len(usual) else None


def is_exactly(column: str, usual: Sequence[str]) -> bool:
    """True if a column has one of the usual names."""
    return _plain(column) in usual


def _plain(column: str) -> str:
    return " ".join(column.lower().replace("_", " ").replace("-", " ").split())
