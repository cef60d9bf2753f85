"""Committees: several frozen backbones whose features are joined under one head.

A committee is a ``Backbone`` with ``members``. All see a picture at one size, so a member's
cached features serve it alone and in every committee of that size. Its key is the sorted keys
of its members, joined by “+”; so is the order of the joined features, which stored heads rely on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from core.errors import ConfigError
from core.messages import N_
from core.models.backbone import Backbone, Preprocessing, WeightsSource

JOINT = "+"  # between the keys of the members
MOST_MEMBERS = 4  # each adds its time to every picture


def committee_of(members: Sequence[Backbone]) -> Backbone:
    """Join backbones to a committee, at the smallest own size of a member that all can take.

    Raises:
        ConfigError: a backbone is named twice, has no pretrained weights, or there are too many.
    """
    ordered = sorted(members, key=lambda member: member.key)
    _require_possible(ordered)
    size = _shared_size(ordered)
    return Backbone(
        key=JOINT.join(member.key for member in ordered),
        name=" + ".join(member.name for member in ordered),
        family=N_("Committee"),
        source="; ".join(dict.fromkeys(member.source for member in ordered)),
        builder="",
        input_size=size,
        feature_size=sum(member.feature_size for member in ordered),
        parameters=sum(member.parameters for member in ordered),
        download_bytes=sum(member.download_bytes for member in ordered),
        imagenet_top1=None,
        # A picture's work grows with its pixels.
        billion_multiply_adds=sum(
            member.billion_multiply_adds * (size / member.input_size) ** 2 for member in ordered
        ),
        preprocessing=Preprocessing.BUILT_IN,
        weights=_weights_of(ordered),
        weights_file="",
        weights_url="",
        weights_hash="",
        licence=", ".join(dict.fromkeys(member.licence for member in ordered)),
        commercial_use=all(member.commercial_use for member in ordered),
        good_for=N_(
            "Several backbones look at each picture, and one classifier reads what all of them see: "
            "usually more accurate than each alone, and as slow as all together."
        ),
        smallest_size=max(member.smallest_size for member in ordered),
        size_step=math.lcm(*(member.size_step for member in ordered)),
        mixes_positions=any(member.mixes_positions for member in ordered),
        members=_at_size(ordered, size),
    )


def committee_at_size(committee: Backbone, size: int) -> Backbone:
    """Return a committee for pictures with this side in pixels, which its members can take."""
    return replace(
        committee,
        input_size=size,
        billion_multiply_adds=committee.billion_multiply_adds * (size / committee.input_size) ** 2,
        members=_at_size(committee.members, size),
    )


def _require_possible(ordered: Sequence[Backbone]) -> None:
    for one, other in pairwise(ordered):
        if one.key == other.key:
            raise ConfigError(
                N_("{name} stands twice in the committee. Name each backbone once."), name=one.name
            )
    for member in ordered:
        if member.weights is WeightsSource.NONE:
            raise ConfigError(
                N_(
                    "{name} has no pretrained weights, so it cannot be in a committee, "
                    "whose backbones stay as they are. Choose pretrained ones."
                ),
                name=member.name,
            )
    if len(ordered) > MOST_MEMBERS:
        raise ConfigError(
            N_("A committee has at most {most} backbones, not {count}. Leave some out."),
            most=MOST_MEMBERS,
            count=len(ordered),
        )


def _shared_size(ordered: Sequence[Backbone]) -> int:
    """Smallest own size of a member that all can take; else the smallest size that all can take."""
    smallest = max(member.smallest_size for member in ordered)
    step = math.lcm(*(member.size_step for member in ordered))
    own = sorted(member.input_size for member in ordered)
    possible = (size for size in own if size >= smallest and size % step == 0)
    return next(possible, -(-smallest // step) * step)


def _at_size(members: Sequence[Backbone], size: int) -> tuple[Backbone, ...]:
    return tuple(replace(member, input_size=size) for member in members)


def _weights_of(ordered: Sequence[Backbone]) -> WeightsSource:
    sources = {member.weights for member in ordered}
    return WeightsSource.DOWNLOAD if WeightsSource.DOWNLOAD in sources else WeightsSource.BUNDLED
