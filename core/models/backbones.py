"""What is known of each backbone: sizes, preprocessing, where its weights come from.

Facts as data, for pages and workers alike. Building a network stands in
``classifier``, fetching weights in ``weights``.

Weight files, addresses and md5 sums are those of ``keras.applications`` (Keras
3.15.1); ImageNet accuracies are those of its table and, for EfficientNet-Lite0,
of the network's publication.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.errors import ConfigError
from core.messages import N_


class Preprocessing(StrEnum):
    """What a backbone does to pixels from 0 to 255 before its first layer."""

    CAFFE = "caffe"  # blue first, ImageNet's mean colour subtracted
    MINUS_ONE_TO_ONE = "minus_one_to_one"  # x / 127.5 - 1
    LITE = "lite"  # (x - 127) / 128
    BUILT_IN = "built_in"  # the network does it itself
    UNIT = "unit"  # x / 255


class WeightsSource(StrEnum):
    """Where pretrained weights come from."""

    BUNDLED = "bundled"  # installed together with Darkroom
    DOWNLOAD = "download"  # fetched once, at first use
    NONE = "none"  # there are none: trained from scratch


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """One network that turns a picture into features."""

    key: str  # how configurations name it
    name: str  # how people name it
    builder: str  # a name in keras.applications, or "lite0", "small_cnn"
    input_size: int  # height and width of a picture, in pixels
    feature_size: int  # length of the pooled feature vector
    parameters: int  # without the classification head
    download_bytes: int  # size of the weight file; 0 where nothing is downloaded
    imagenet_top1: float | None  # percent, as published
    preprocessing: Preprocessing
    weights: WeightsSource
    weights_file: str
    weights_url: str
    weights_hash: str  # "md5:…" or "sha256:…", in hexadecimal
    licence: str  # of the weights
    good_for: str  # one sentence for a newcomer, marked for translation


_KERAS_STORAGE = "https://storage.googleapis.com/tensorflow/keras-applications"

_ALL = (
    Backbone(
        key="efficientnet_lite0",
        name="EfficientNet-Lite0",
        builder="lite0",
        input_size=224,
        feature_size=1280,
        parameters=3_413_024,
        download_bytes=0,
        imagenet_top1=75.1,
        preprocessing=Preprocessing.LITE,
        weights=WeightsSource.BUNDLED,
        weights_file="efficientnet-lite0-57934424.pth",
        weights_url="",
        weights_hash="sha256:579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        licence="Apache-2.0",
        good_for=N_("The best start: already on this computer, the fastest, and accurate on most pictures."),
    ),
    Backbone(
        key="efficientnet_b0",
        name="EfficientNetB0",
        builder="EfficientNetB0",
        input_size=224,
        feature_size=1280,
        parameters=4_049_571,
        download_bytes=16_705_208,
        imagenet_top1=77.1,
        preprocessing=Preprocessing.BUILT_IN,
        weights=WeightsSource.DOWNLOAD,
        weights_file="efficientnetb0_notop.h5",
        weights_url="https://storage.googleapis.com/keras-applications/efficientnetb0_notop.h5",
        weights_hash="md5:50bc09e76180e00e4465e1a485ddc09d",
        licence="Apache-2.0",
        good_for=N_("Nearly as fast as EfficientNet-Lite0, often a little more accurate; a small download."),
    ),
    Backbone(
        key="resnet50",
        name="ResNet50",
        builder="ResNet50",
        input_size=224,
        feature_size=2048,
        parameters=23_587_712,
        download_bytes=94_765_736,
        imagenet_top1=74.9,
        preprocessing=Preprocessing.CAFFE,
        weights=WeightsSource.DOWNLOAD,
        weights_file="resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        weights_url=f"{_KERAS_STORAGE}/resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        weights_hash="md5:4d473c1dd8becc155b73f8504c6f6626",
        licence="MIT",
        good_for=N_("A classic that many published results compare with; slow without a graphics card."),
    ),
    Backbone(
        key="inception_v3",
        name="InceptionV3",
        builder="InceptionV3",
        input_size=299,
        feature_size=2048,
        parameters=21_802_784,
        download_bytes=87_910_968,
        imagenet_top1=77.9,
        preprocessing=Preprocessing.MINUS_ONE_TO_ONE,
        weights=WeightsSource.DOWNLOAD,
        weights_file="inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
        weights_url=f"{_KERAS_STORAGE}/inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
        weights_hash="md5:bcbd6486424b2319ff4ef7d526e38f63",
        licence="Apache-2.0",
        good_for=N_("Looks at larger pictures, so it sees finer detail; slow without a graphics card."),
    ),
    Backbone(
        key="vgg16",
        name="VGG16",
        builder="VGG16",
        input_size=224,
        feature_size=512,
        parameters=14_714_688,
        download_bytes=58_889_256,
        imagenet_top1=71.3,
        preprocessing=Preprocessing.CAFFE,
        weights=WeightsSource.DOWNLOAD,
        weights_file="vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        weights_url=f"{_KERAS_STORAGE}/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        weights_hash="md5:6d6bbae143d832006294945121d1f1fc",
        licence="CC-BY-4.0",
        good_for=N_("An old network that is easy to explain in class; the slowest of all here."),
    ),
    Backbone(
        key="small_cnn",
        name="Small CNN",
        builder="small_cnn",
        input_size=96,
        feature_size=256,
        parameters=389_856,
        download_bytes=0,
        imagenet_top1=None,
        preprocessing=Preprocessing.UNIT,
        weights=WeightsSource.NONE,
        weights_file="",
        weights_url="",
        weights_hash="",
        licence="",
        good_for=N_(
            "Learns from your pictures alone, with no knowledge from elsewhere; "
            "needs thousands of pictures, or very simple ones."
        ),
    ),
)

BACKBONES: dict[str, Backbone] = {backbone.key: backbone for backbone in _ALL}
DEFAULT_BACKBONE = "efficientnet_lite0"


def get_backbone(key: str) -> Backbone:
    """The backbone that configurations call ``key``.

    Raises:
        ConfigError: there is none.
    """
    if key not in BACKBONES:
        raise ConfigError(
            N_("There is no backbone called “{key}”. Choose one of: {known}."),
            key=key,
            known=", ".join(BACKBONES),
        )
    return BACKBONES[key]
