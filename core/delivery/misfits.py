"""Pictures whose answer means little: made otherwise than those in training, or only a part of their file."""

from __future__ import annotations

from core.data.images.picture import PictureError
from core.data.images.value_ranges import FULL_RANGE, Misfit, misfit_of
from core.data.skip_reasons import unreadable_image
from core.delivery.files import Labels
from core.messages import N_, Message

_SENTENCES = {
    Misfit.VALUES: N_(
        "The picture's values do not suit those from {low} to {high} that the classifier learnt from. It sees the picture black, white or flat."
    ),
    Misfit.SHALLOW: N_(
        "The picture has 8 bits a channel. The classifier learnt from pictures with more, whose values from {low} to {high} it maps to 8 bits. The answer counts only if this picture was made in the same way."
    ),
    Misfit.FRAMES: N_("The file has several frames or pages. Only the first was classified."),
}


def find_misfit(labels: Labels, data: bytes) -> Misfit | None:
    """Return the reason why the answer for a picture means little; None without one.

    Raises:
        UnreadableImageError: the bytes are not a picture that can be read.
    """
    try:
        return misfit_of(
            data,
            labels.pixel_range,
            labels.measured_range,
            expects_depth=labels.expects_depth,
            channels=labels.channels,
        )
    except PictureError as error:
        raise unreadable_image(error.code, error.values) from error


def misfit_message(labels: Labels, misfit: Misfit) -> Message:
    """Make the sentence about a picture that does not suit the classifier."""
    learnt = labels.measured_range if misfit is Misfit.VALUES else None
    low, high = learnt or labels.pixel_range or FULL_RANGE
    return Message(_SENTENCES[misfit], {"low": low, "high": high})
