"""Channels of an import that are red, green and blue in pictures of many, such as those of satellites.

A project has one choice, which never changes.
"""

from __future__ import annotations

from core.data.dataset import Dataset
from core.data.images.channels import ChannelMapping
from core.errors import ConfigError
from core.messages import N_

_MOST = 10_000


def known_channels(chosen: tuple[int, int, int] | None, there: Dataset | None) -> ChannelMapping | None:
    """Choose the channels before the pictures are read: the project's, or the user's; None: no choice.

    Raises:
        ConfigError: the user's channels are none, or the project has others.
    """
    own = there.channels if there else None
    if chosen is None:
        return own
    if not any(chosen) or not all(0 <= number <= _MOST for number in chosen):
        raise ConfigError(
            N_("There are no channels {channels}: they are counted from 1, and 0 is black."),
            channels=_listed(chosen),
        )
    if there is not None:
        _require_same(ChannelMapping(*chosen), there)
    return ChannelMapping(*chosen)


def require_same_channels(chosen: ChannelMapping | None, there: Dataset) -> None:
    """Refuse pictures that were read with other channels than the project got meanwhile.

    Raises:
        ConfigError: another import was faster.
    """
    if chosen is not None:
        _require_same(chosen, there)


def _require_same(chosen: ChannelMapping, there: Dataset) -> None:
    if there.channels is not None and there.channels != chosen:
        raise ConfigError(
            N_(
                "The pictures of this project have channels {channels} as red, green and blue, which cannot change. Import the pictures as a new project."
            ),
            channels=_listed(there.channels),
        )


def _listed(channels: tuple[int, int, int]) -> str:
    return ", ".join(str(number) for number in channels)
