"""Classes of a dataset: add, remove, rename, merge and put in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from core.data.editing.classes import add_class, merge_classes, remove_class, rename_class, reorder_classes
from core.http.endpoint import Call
from core.http.note import Note
from core.http.v1.projects import MAX_CLASSES, ProjectView, edit_endpoint, project_view
from core.records import Record


@dataclass(frozen=True, kw_only=True)
class ClassName(Record):
    """Name of a class."""

    name: str


@dataclass(frozen=True, kw_only=True)
class ClassRenaming(Record):
    """New name of a class, which no other class has."""

    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class ClassMerging(Record):
    """Classes that become one."""

    names: Annotated[tuple[str, ...], Note(most=MAX_CLASSES)]
    into: str


@dataclass(frozen=True, kw_only=True)
class ClassOrder(Record):
    """All classes in their new order."""

    names: Annotated[tuple[str, ...], Note(most=MAX_CLASSES)]


def add(call: Call) -> ProjectView:
    add_class(call.project, call.body_as(ClassName).name)
    return project_view(call.project)


def remove(call: Call) -> ProjectView:
    remove_class(call.project, call.body_as(ClassName).name)
    return project_view(call.project)


def rename(call: Call) -> ProjectView:
    body = call.body_as(ClassRenaming)
    rename_class(call.project, body.old, body.new)
    return project_view(call.project)


def merge(call: Call) -> ProjectView:
    body = call.body_as(ClassMerging)
    merge_classes(call.project, body.names, body.into)
    return project_view(call.project)


def reorder(call: Call) -> ProjectView:
    reorder_classes(call.project, call.body_as(ClassOrder).names)
    return project_view(call.project)


ENDPOINTS = (
    edit_endpoint("classes", "Add a class without pictures.", add, ClassName),
    edit_endpoint("classes/remove", "Remove a class; its pictures lose their label.", remove, ClassName),
    edit_endpoint("classes/rename", "Rename a class.", rename, ClassRenaming),
    edit_endpoint("classes/merge", "Merge classes.", merge, ClassMerging),
    edit_endpoint(
        "classes/order", "Change the order of the classes in charts and exports.", reorder, ClassOrder
    ),
)
