"""Folder layouts of a source: class and split of each file from its path."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from core.data.labels.boxes import Box
from core.data.labels.nesting import Nesting, nesting_of
from core.data.labels.synsets import is_synset, readable_name
from core.data.sources.members import COMPANION_SUFFIXES, CONTAINER_SUFFIXES, PICTURE_SUFFIXES, Member
from core.errors import ClassNameError, ErrorCode
from core.files import digest_of
from core.messages import N_


class Split(StrEnum):
    """Part of the dataset that a picture belongs to."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


_NAMES_OF_SPLITS = {
    Split.TRAIN: "train training 训练 训练集 訓練 訓練集 学習 훈련 entraînement entrainement apprentissage entrenamiento treino treinamento addestramento обучение",
    Split.VALIDATION: "val valid validation 验证 验证集 驗證 驗證集 検証 검증 validierung validación validacion validação validacao validazione валидация",
    Split.TEST: "test testing 测试 测试集 測試 測試集 テスト 테스트 prueba teste тест",
}
_SPLIT_NAMES = {name: split for split, names in _NAMES_OF_SPLITS.items() for name in names.split()}
_WORD_BREAKS = re.compile(r"[\W_]+")
_DIFFER_IN_CAPITALS = N_(
    "The classes “{first}” and “{second}” differ only in capital letters. Rename one folder, or import them as one class."
)
_LOOK_ALIKE = N_(
    "The classes “{first}” and “{second}” look the same but are written with different letters. Rename one folder, or import them as one class."
)
# Characters. Longer folder names are cut.
MAX_LABEL_LENGTH = 120
_CUT_LABEL_LENGTH = 110
# Invisible characters outside the Unicode categories that are removed: fillers and variation selectors.
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_LATIN_TWINS = str.maketrans(
    "аеорсухіјѕһԁԛԝАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧον",  # Cyrillic, then Greek
    "aeopcyxijshdqwABEKMHOPCTYXIJSABEZHIKMNOPTYXov",
)
_FULL_WIDTH = {0x3000: 0x20} | {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


@dataclass(frozen=True, kw_only=True, slots=True)
class FileAssignment:
    """Class, split and group of a file. The class is "" if the picture is labelled later."""

    label: str
    split: Split | None
    group: str = ""
    # Cut out of the file; None: the file is the picture.
    box: Box | None = None
    # Of the label table, as ``further_columns.fields_of`` writes them.
    fields: str = ""


def is_companion(member: Member) -> bool:
    """True for text files, tables and the like, by name."""
    return member.parts[-1].lower().endswith(COMPANION_SUFFIXES)


def read_layout(
    members: Sequence[Member], *, unlabelled: bool = False, keep_loose: bool = False, outer: bool = False
) -> list[FileAssignment | None]:
    """Read the class and split of each file from its folders; None for a file outside class folders.

    Supported are ``cats/1.jpg``, the same below any number of single root folders, and either
    of these below ``train``, ``val`` and ``test`` (or ``training_set``, ``seg_train`` and the
    like) or above them. Files beside such parts are in no class. Below dates and numbered
    sessions, and where every folder holds folders of the same names, the inner folders are the
    classes and the outer ones groups, where there are enough of them for three parts.

    Args:
        unlabelled: ignore the folders; every file is labelled later.
        keep_loose: files outside class folders are labelled later.
        outer: the outer folders are the classes, whatever is inside.
    """
    if unlabelled:
        return [FileAssignment(label="", split=None) for _ in members]
    layout = _layout_of(members)
    loose = FileAssignment(label="", split=None) if keep_loose else None
    # One object for all files of a folder.
    of_folder = {
        folder: layout.assignment((*folder, ""), outer=outer) or loose
        for folder in {member.parts[:-1] for member in members}
    }
    return [of_folder[member.parts[:-1]] for member in members]


def nesting_of_folders(members: Sequence[Member]) -> Nesting:
    """The level of a source's folders that holds the classes."""
    return _layout_of(members).nesting


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """Levels of a source's folders."""

    root: tuple[str, ...]
    # Folders that are parts of a split; empty without any.
    parts: dict[str, Split]
    # Those that hold a folder of their own name, as unpacking leaves it.
    doubled: set[str]
    nesting: Nesting
    # The parts are below the classes: “cats/train/1.jpg”.
    parts_inside: bool
    # The outer folders are enough to fill each part of a split with whole ones.
    outer_are_groups: bool

    def assignment(self, path: tuple[str, ...], *, outer: bool) -> FileAssignment | None:
        inner, split = self.inner(path)
        group = ""
        if self.parts_inside and len(inner) > 2:
            split = split_named(inner[1])
        elif self.nesting is not Nesting.NONE and not outer and len(inner) > 2:
            group, inner = inner[0] if self.outer_are_groups else "", inner[1:]
        label = label_of(inner[0]) if len(inner) > 1 else ""
        return FileAssignment(label=label, split=split, group=group) if label else None

    def inner(self, path: tuple[str, ...]) -> tuple[tuple[str, ...], Split | None]:
        """The path from the first level that may be classes, and the part of the split."""
        depth = len(self.root)
        inner = path[depth:] if path[:depth] == self.root else ()
        if not self.parts:
            return inner, None
        split = self.parts.get(inner[0]) if inner else None
        return (() if split is None else inner[2:] if inner[0] in self.doubled else inner[1:]), split


def _layout_of(members: Sequence[Member]) -> _Layout:
    in_folders = [parts for parts in _layout_paths(members) if len(parts) > 1]
    depth = _shared_root_depth(in_folders)
    in_folders = [parts for parts in in_folders if len(parts) > depth + 1]
    inner_paths = [parts[depth:] for parts in in_folders]
    parts_of_set = _parts_of_set(inner_paths)
    layout = _Layout(
        root=in_folders[0][:depth] if in_folders else (),
        parts=parts_of_set,
        doubled={head for head in parts_of_set if _is_doubled(head, inner_paths)},
        nesting=Nesting.NONE,
        parts_inside=False,
        outer_are_groups=False,
    )
    below = [inner for path in in_folders if len(inner := layout.inner(path)[0]) > 1]
    parts_inside = bool(below) and all(len(path) > 2 and split_named(path[1]) for path in below)
    nesting = Nesting.NONE if parts_inside else nesting_of(below)
    outer_are_groups = len({path[0] for path in below}) >= len(Split)
    return replace(layout, nesting=nesting, parts_inside=parts_inside, outer_are_groups=outer_are_groups)


def split_named(word: str) -> Split | None:
    """Parse the name of a part, such as “Train” or “val”."""
    return _SPLIT_NAMES.get(word.strip().lower())


@lru_cache(4096)
def clean_label(name: str) -> str:
    """Normalise a class name (Unicode NFC) and remove invisible characters."""
    visible = "".join(
        c for c in unicodedata.normalize("NFC", name) if unicodedata.category(c) not in {"Cc", "Cf", "Cs"}
    )
    return " ".join(_INVISIBLE.sub("", visible).split())


@lru_cache(4096)
def label_of(text: str) -> str:
    """Read a class name from a folder's or a cell's text: synset numbers become words, long names are cut."""
    label = clean_label(text)
    if is_synset(label):
        return readable_name(label)
    if len(label) > MAX_LABEL_LENGTH:
        # The digest distinguishes long names that begin alike.
        return f"{label[:_CUT_LABEL_LENGTH]}… {digest_of(label)[:4]}"
    return label


def spelling_of_classes(labels: Iterable[str], *, merge_case: bool) -> dict[str, str]:
    """Choose one spelling for each class.

    Args:
        merge_case: merge names that differ only in case, or look the same, under the most
            frequent spelling.
    Raises:
        ClassNameError: two names look the same, and ``merge_case`` is False.
    """
    counts = Counter(labels)
    spellings: dict[str, list[str]] = defaultdict(list)
    for label, key in _appearance_keys(counts).items():
        spellings[key].append(label)
    for names in spellings.values():
        if len(names) > 1 and not merge_case:
            first, second = sorted(names)[:2]
            same = first.casefold() == second.casefold()
            raise ClassNameError(
                _DIFFER_IN_CAPITALS if same else _LOOK_ALIKE,
                code=ErrorCode.SIMILAR_CLASS_NAMES,
                first=first,
                second=second,
            )
    return {
        label: max(names, key=lambda name: (counts[name], name))
        for names in spellings.values()
        for label in names
    }


def _appearance_keys(labels: Iterable[str]) -> dict[str, str]:
    """Compute a key for each label; labels that look the same have the same key.

    Letters of other alphabets count as their Latin twins only if a name mixes both, because
    a class can be called by the Cyrillic “А” beside one called by the Latin “A”.
    """
    by_appearance: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        by_appearance[label.translate(_FULL_WIDTH).translate(_LATIN_TWINS).casefold()].append(label)
    keys = {}
    for appearance, names in by_appearance.items():
        is_disguise = any(_mixes_alphabets(name) for name in names)
        for name in names:
            keys[name] = appearance if is_disguise else name.translate(_FULL_WIDTH).casefold()
    return keys


def _mixes_alphabets(label: str) -> bool:
    if label.isascii():
        return False
    alphabets = {unicodedata.name(c, "").partition(" ")[0] for c in label if c.isalpha()}
    return "LATIN" in alphabets and bool(alphabets & {"CYRILLIC", "GREEK"})


def _layout_paths(members: Sequence[Member]) -> list[tuple[str, ...]]:
    """Select the paths that determine the layout: pictures by suffix, otherwise files of many, otherwise all that may be one.

    Returns:
        One path for each folder, with an empty file name.
    """
    for suffixes in (PICTURE_SUFFIXES, CONTAINER_SUFFIXES):
        folders = dict.fromkeys(
            member.parts[:-1] for member in members if member.parts[-1].lower().endswith(suffixes)
        )
        if folders:
            break
    else:
        folders = dict.fromkeys(member.parts[:-1] for member in members if not is_companion(member))
    return [(*folder, "") for folder in folders]


def _shared_root_depth(paths: Sequence[tuple[str, ...]]) -> int:
    """Count the leading folders that all paths share, as long as they contain folders.

    Files beside those folders do not make their root a class.
    """
    depth = 0
    while len({parts[depth] for parts in paths}) == 1 and any(len(parts) > depth + 2 for parts in paths):
        depth += 1
        paths = [parts for parts in paths if len(parts) > depth + 1]
    return depth


def _parts_of_set(paths: Sequence[tuple[str, ...]]) -> dict[str, Split]:
    """Find the folders that are parts of a split; empty if they are classes.

    They are parts if at least two of them contain folders, or if one does and nothing else is
    beside them. So “train” beside “car” is a class, and so are “train station” and “test tube”.
    """
    heads = {parts[0] for parts in paths}
    with_folders = {parts[0] for parts in paths if len(parts) > 2}
    candidates: dict[str, dict[str, Split]] = defaultdict(dict)
    for head in heads:
        words = [word for word in _WORD_BREAKS.split(head.lower()) if word]
        named = [word for word in words if word in _SPLIT_NAMES]
        if len(named) == 1:
            words.remove(named[0])
            candidates[" ".join(words)][head] = _SPLIT_NAMES[named[0]]
    for parts in candidates.values():
        deep = {split for head, split in parts.items() if head in with_folders}
        if len(deep) > 1 or (deep and parts.keys() == heads):
            return parts
    return {}


def _is_doubled(head: str, paths: Sequence[tuple[str, ...]]) -> bool:
    """True for “train/train/cats”, the result of unpacking train.zip into a folder of its name."""
    within = {parts[1].lower() for parts in paths if parts[0] == head and len(parts) > 2}
    return within == {head.lower()}
