"""Record of a backbone; the table of backbones is in ``backbones``, committees of them in ``committee``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Preprocessing(StrEnum):
    """Transform of pixels from 0 to 255 before a backbone's first layer."""

    CAFFE = "caffe"  # blue first, ImageNet's mean colour subtracted
    MINUS_ONE_TO_ONE = "minus_one_to_one"  # x / 127.5 - 1
    TORCH = "torch"  # (x / 255 - ImageNet's mean) / its deviation, colour by colour
    LITE = "lite"  # (x - 127) / 128
    BUILT_IN = "built_in"  # the network does it itself
    # The network does it itself, except for one step that ``networks`` adds.
    BUILT_IN_UNSCALED = "built_in_unscaled"
    UNIT = "unit"  # x / 255


class WeightsSource(StrEnum):
    """Source of pretrained weights."""

    BUNDLED = "bundled"  # installed together with Darkroom
    DOWNLOAD = "download"  # fetched once, at first use, or supplied as a file
    ADAPTED = "adapted"  # trained further on a project's pictures, see ``adapted``
    NONE = "none"  # trained from scratch


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """One network that turns a picture into features."""

    key: str  # code in configurations and on the command line
    name: str  # display name
    family: str  # heading on the Model page, marked for translation unless it is a proper name
    source: str  # the publication
    builder: str  # name in keras.applications, or in the tables of ``architectures.networks``
    input_size: int  # height and width of a picture, in pixels
    feature_size: int  # length of the pooled feature vector
    parameters: int  # without the classification head
    # Size of the weight file, of a safetensors file without its header; 0 where nothing is downloaded.
    download_bytes: int
    imagenet_top1: float | None  # percent, as published
    billion_multiply_adds: float  # of the publication, for one picture of the input size
    preprocessing: Preprocessing
    weights: WeightsSource
    weights_file: str
    weights_url: str
    weights_hash: str  # "md5:…" or "sha256:…", in hexadecimal; "" where none is published
    licence: str  # of the weights
    commercial_use: bool = (
        True  # False: the licence of the weights forbids it, and of what is trained from them
    )
    good_for: str  # one sentence for a newcomer, marked for translation
    # Smallest picture, in pixels a side, whose feature map has two rows and two columns to pool.
    smallest_size: int
    size_step: int = 1  # a picture's side is a multiple of this, in pixels
    # Attention: each cell of the last feature map sees all parts of the picture alike.
    mixes_positions: bool = False
    # Of a committee: its backbones, all at its input size. Their features are joined under one head.
    members: tuple[Backbone, ...] = ()
    # Of an adapted backbone: the key of the one with its architecture, and so its speed.
    parent: str = ""

    @property
    def parts(self) -> tuple[Backbone, ...]:
        """Backbones with weights and features of their own: the members of a committee, or itself."""
        return self.members or (self,)
