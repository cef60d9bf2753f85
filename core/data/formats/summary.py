"""Summary of how a source is understood: shown before and after an import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.data.containers.offers import MissingReader, Offer
from core.data.formats.doubts import Doubt
from core.data.labels.label_table import TableColumns
from core.data.notes import Note
from core.data.pixels.channel_offer import ChannelOffer
from core.messages import Message
from core.records import Record


@dataclass(frozen=True, kw_only=True)
class Example(Record):
    """A picture with what was understood of it."""

    file: str
    label: str
    split: str
    group: str
    # In the first other format that gives other labels.
    other_label: str = ""


@dataclass(frozen=True, kw_only=True)
class CropOffer(Record):
    """Summary of what the import would be with one picture for each box."""

    # Boxes by class, and those that are left out.
    classes: Mapping[str, int]
    left_out: int
    examples: tuple[Example, ...]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Understanding(Record):
    """Summary of what an import would do with a source, shown before it does."""

    # A name in ``FORMATS``, and why it was chosen.
    format: str
    evidence: Message
    multi_label: bool
    # Pictures by class, and by part of a supplied split.
    classes: Mapping[str, int]
    splits: Mapping[str, int]
    unlabelled: int
    # Groups of more than one picture that the source names.
    groups: int
    left_out: int
    examples: tuple[Example, ...]
    notes: tuple[Note, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    # Documents, videos and volumes, each of which gives many pictures, and files that cannot be read.
    offers: tuple[Offer, ...] = ()
    missing_readers: tuple[MissingReader, ...] = ()
    # None where no picture has channels of its own, or they are chosen.
    channels: ChannelOffer | None = None
    # Other formats with evidence, the best first.
    alternatives: tuple[str, ...] = ()
    # Format that reads a label table; "" without one. Then its columns' roles and names.
    table_format: str = ""
    columns: TableColumns | None = None
    column_names: tuple[str, ...] = ()
    # None where the labels draw no boxes, or it is decided what they mean.
    crops: CropOffer | None = None

    @property
    def reasons_to_ask(self) -> list[Message]:
        """The doubts, then what cannot be read, and what can be taken out of files."""
        offers = [*self.offers, self.channels] if self.channels else self.offers
        return [item.message for item in (*self.doubts, *self.missing_readers, *offers)]
