"""Changes of test pictures since a run was tested."""

from __future__ import annotations

from core.data.dataset import open_dataset
from core.data.editing.classes import reorder_classes
from core.data.editing.labels import exclude, relabel
from core.data.labels.layout import Split
from core.evaluation.mistakes.edits import later_edits
from core.workspace import Project


def test_relabelled_and_excluded_test_pictures_are_counted_once(digits_project: Project) -> None:
    tested = open_dataset(digits_project)
    first, second, *_others = tested.pictures["id"].iloc[tested.rows(Split.TEST)]
    new = next(
        name for name in tested.class_names if name != tested.pictures.set_index("id").at[first, "label"]
    )
    relabel(digits_project, [first], new)
    exclude(digits_project, [first, second])
    training = tested.pictures["id"].iloc[tested.rows(Split.TRAIN)[0]]
    exclude(digits_project, [training])
    edits = later_edits(tested, open_dataset(digits_project))
    assert edits.labels == {first: new}
    assert edits.excluded == {first, second}
    assert edits.gone == frozenset()
    assert edits.count == 2


def test_nothing_is_changed_in_the_same_version_and_in_another_order_of_classes(
    digits_project: Project,
) -> None:
    tested = open_dataset(digits_project)
    assert later_edits(tested, tested).count == 0
    reorder_classes(digits_project, tested.all_class_names[::-1])
    assert later_edits(tested, open_dataset(digits_project)).count == 0
