"""Backbones of ``keras.applications``: facts from its source, its table and its servers.

File names, addresses and checksums are from Keras 3.15.1, ImageNet accuracies from its
table and from the publications, parameters and feature sizes from the built networks,
file sizes from the servers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from core.messages import N_
from core.models.backbone import Backbone, Preprocessing, WeightsSource

_STORAGE = "https://storage.googleapis.com/tensorflow/keras-applications"
_TF_KERNELS = "{}_weights_tf_dim_ordering_tf_kernels_notop.h5"


class _Row(NamedTuple):
    """Facts of one member of a family; fields in the order of a table's columns."""

    key: str
    name: str  # also the builder in keras.applications
    file: str  # inserted into the family's ``file``
    input_size: int
    feature_size: int
    parameters: int
    download_bytes: int
    imagenet_top1: float
    billion_multiply_adds: float


@dataclass(frozen=True, kw_only=True)
class _Family:
    """Facts shared by backbones that were published together."""

    name: str
    source: str
    licence: str
    preprocessing: Preprocessing
    folder: str  # the address without the file's name
    file: str
    checksum: str = "md5"  # the kind of its checksums
    smallest_size: int = 33  # halved five times, each time rounded up, it gives two rows
    rows: tuple[_Row, ...]


_FAMILIES = (
    _Family(
        name="EfficientNet",
        source="Tan & Le 2019, arXiv 1905.11946",
        licence="Apache-2.0",
        preprocessing=Preprocessing.BUILT_IN_UNSCALED,
        folder="https://storage.googleapis.com/keras-applications",
        file="efficientnet{}_notop.h5",
        rows=(
            _Row("efficientnet_b0", "EfficientNetB0", "b0", 224, 1280, 4_049_571, 16_705_208, 77.1, 0.39),
            _Row("efficientnet_b1", "EfficientNetB1", "b1", 240, 1280, 6_575_239, 27_018_416, 79.1, 0.70),
            _Row("efficientnet_b2", "EfficientNetB2", "b2", 260, 1408, 7_768_569, 31_790_344, 80.1, 1.0),
            _Row("efficientnet_b3", "EfficientNetB3", "b3", 300, 1536, 10_783_535, 43_941_136, 81.6, 1.8),
            _Row("efficientnet_b4", "EfficientNetB4", "b4", 380, 1792, 17_673_823, 71_686_520, 82.9, 4.2),
            _Row("efficientnet_b5", "EfficientNetB5", "b5", 456, 2048, 28_513_527, 115_263_384, 83.6, 9.9),
            _Row("efficientnet_b6", "EfficientNetB6", "b6", 528, 2304, 40_960_143, 165_234_480, 84.0, 19.0),
            _Row("efficientnet_b7", "EfficientNetB7", "b7", 600, 2560, 64_097_687, 258_076_736, 84.3, 37.0),
        ),
    ),
    _Family(
        name="EfficientNetV2",
        source="Tan & Le 2021, arXiv 2104.00298",
        licence="Apache-2.0",
        preprocessing=Preprocessing.BUILT_IN,
        folder=f"{_STORAGE}/efficientnet_v2",
        file="efficientnetv2-{}_notop.h5",
        rows=(
            _Row("efficientnet_v2_b0", "EfficientNetV2B0", "b0", 224, 1280, 5_919_312, 24_274_472, 78.7, 0.7),
            _Row("efficientnet_v2_b1", "EfficientNetV2B1", "b1", 240, 1280, 6_931_124, 28_456_008, 79.8, 1.2),
            _Row("efficientnet_v2_b2", "EfficientNetV2B2", "b2", 260, 1408, 8_769_374, 35_839_040, 80.5, 1.7),
            _Row(
                "efficientnet_v2_b3", "EfficientNetV2B3", "b3", 300, 1536, 12_930_622, 52_606_240, 82.0, 3.0
            ),
            _Row("efficientnet_v2_s", "EfficientNetV2S", "s", 384, 1280, 20_331_360, 82_420_632, 83.9, 8.8),
            _Row("efficientnet_v2_m", "EfficientNetV2M", "m", 480, 1280, 53_150_388, 214_201_816, 85.3, 24.0),
            _Row(
                "efficientnet_v2_l", "EfficientNetV2L", "l", 480, 1280, 117_746_848, 473_176_280, 85.7, 53.0
            ),
        ),
    ),
    _Family(
        name="MobileNet",
        source="Howard et al. 2019, arXiv 1905.02244",
        licence="Apache-2.0",
        preprocessing=Preprocessing.BUILT_IN,
        folder=f"{_STORAGE}/mobilenet_v3",
        file="weights_mobilenet_v3_{}_224_1.0_float_no_top_v2.h5",
        rows=(
            _Row("mobilenet_v3_small", "MobileNetV3Small", "small", 224, 576, 939_120, 4_334_752, 68.1, 0.06),
            _Row(
                "mobilenet_v3_large", "MobileNetV3Large", "large", 224, 960, 2_996_352, 12_683_000, 75.6, 0.22
            ),
        ),
    ),
    _Family(
        name="MobileNet",
        source="Sandler et al. 2018, arXiv 1801.04381",
        licence="Apache-2.0",
        preprocessing=Preprocessing.MINUS_ONE_TO_ONE,
        folder=f"{_STORAGE}/mobilenet_v2",
        file="mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{}_224_no_top.h5",
        # Keras publishes no checksum of this file.
        rows=(_Row("mobilenet_v2", "MobileNetV2", "1.0", 224, 1280, 2_257_984, 9_406_464, 71.3, 0.30),),
    ),
    _Family(
        name="NASNet",
        source="Zoph et al. 2018, arXiv 1707.07012",
        licence="Apache-2.0",
        preprocessing=Preprocessing.MINUS_ONE_TO_ONE,
        folder=f"{_STORAGE}/nasnet",
        file="NASNet-{}-no-top.h5",
        smallest_size=35,
        rows=(_Row("nasnet_mobile", "NASNetMobile", "mobile", 224, 1056, 4_269_716, 19_993_432, 74.4, 0.56),),
    ),
    _Family(
        name="DenseNet",
        source="Huang et al. 2017, arXiv 1608.06993",
        licence="BSD-3-Clause",
        preprocessing=Preprocessing.TORCH,
        folder=f"{_STORAGE}/densenet",
        file=_TF_KERNELS,
        smallest_size=61,
        rows=(
            _Row("densenet121", "DenseNet121", "densenet121", 224, 1024, 7_037_504, 29_084_464, 75.0, 2.9),
            _Row("densenet169", "DenseNet169", "densenet169", 224, 1664, 12_642_880, 51_877_672, 76.2, 3.4),
            _Row("densenet201", "DenseNet201", "densenet201", 224, 1920, 18_321_984, 74_836_368, 77.3, 4.3),
        ),
    ),
    _Family(
        name="ResNet",
        source="He et al. 2015, arXiv 1512.03385",
        licence="MIT",
        preprocessing=Preprocessing.CAFFE,
        folder=f"{_STORAGE}/resnet",
        file=_TF_KERNELS,
        rows=(
            _Row("resnet50", "ResNet50", "resnet50", 224, 2048, 23_587_712, 94_765_736, 74.9, 3.9),
            _Row("resnet101", "ResNet101", "resnet101", 224, 2048, 42_658_176, 171_446_536, 76.4, 7.6),
            _Row("resnet152", "ResNet152", "resnet152", 224, 2048, 58_370_944, 234_698_864, 76.6, 11.3),
        ),
    ),
    _Family(
        name="ResNetV2",
        source="He et al. 2016, arXiv 1603.05027",
        licence="Apache-2.0",
        preprocessing=Preprocessing.MINUS_ONE_TO_ONE,
        folder=f"{_STORAGE}/resnet",
        file=_TF_KERNELS,
        rows=(
            _Row("resnet50_v2", "ResNet50V2", "resnet50v2", 224, 2048, 23_564_800, 94_668_760, 76.0, 3.5),
            _Row("resnet101_v2", "ResNet101V2", "resnet101v2", 224, 2048, 42_626_560, 171_317_808, 77.2, 7.2),
            _Row(
                "resnet152_v2", "ResNet152V2", "resnet152v2", 224, 2048, 58_331_648, 234_545_216, 78.0, 10.9
            ),
        ),
    ),
    _Family(
        name="Inception",
        source="Szegedy et al. 2015, arXiv 1512.00567",
        licence="Apache-2.0",
        preprocessing=Preprocessing.MINUS_ONE_TO_ONE,
        folder=f"{_STORAGE}/inception_v3",
        file=_TF_KERNELS,
        smallest_size=107,
        rows=(
            _Row("inception_v3", "InceptionV3", "inception_v3", 299, 2048, 21_802_784, 87_910_968, 77.9, 5.7),
        ),
    ),
    _Family(
        name="Inception",
        source="Szegedy et al. 2016, arXiv 1602.07261",
        licence="Apache-2.0",
        preprocessing=Preprocessing.MINUS_ONE_TO_ONE,
        folder=f"{_STORAGE}/inception_resnet_v2",
        file=_TF_KERNELS,
        smallest_size=107,
        rows=(
            _Row(
                "inception_resnet_v2",
                "InceptionResNetV2",
                "inception_resnet_v2",
                299,
                1536,
                54_336_736,
                219_055_592,
                80.3,
                13.2,
            ),
        ),
    ),
    _Family(
        name="Inception",
        source="Chollet 2017, arXiv 1610.02357",
        licence="MIT",
        preprocessing=Preprocessing.MINUS_ONE_TO_ONE,
        folder=f"{_STORAGE}/xception",
        file=_TF_KERNELS,
        smallest_size=71,  # Keras builds none that is smaller
        rows=(_Row("xception", "Xception", "xception", 299, 2048, 20_861_480, 83_683_744, 79.0, 8.4),),
    ),
    _Family(
        name="ConvNeXt",
        source="Liu et al. 2022, arXiv 2201.03545",
        licence="MIT",
        preprocessing=Preprocessing.BUILT_IN,
        folder=f"{_STORAGE}/convnext",
        file="convnext_{}_notop.h5",
        checksum="sha256",
        smallest_size=64,
        rows=(
            _Row("convnext_tiny", "ConvNeXtTiny", "tiny", 224, 768, 27_820_128, 111_650_432, 81.3, 4.5),
            _Row("convnext_small", "ConvNeXtSmall", "small", 224, 768, 49_454_688, 198_551_472, 82.3, 8.7),
            _Row("convnext_base", "ConvNeXtBase", "base", 224, 1024, 87_566_464, 350_926_856, 85.3, 15.4),
            _Row("convnext_large", "ConvNeXtLarge", "large", 224, 1536, 196_230_336, 785_596_384, 86.3, 34.4),
        ),
    ),
    _Family(
        name="VGG",
        source="Simonyan & Zisserman 2014, arXiv 1409.1556",
        licence="CC-BY-4.0",
        preprocessing=Preprocessing.CAFFE,
        folder=f"{_STORAGE}/{{}}",
        file=_TF_KERNELS,
        smallest_size=64,
        rows=(
            _Row("vgg16", "VGG16", "vgg16", 224, 512, 14_714_688, 58_889_256, 71.3, 15.5),
            _Row("vgg19", "VGG19", "vgg19", 224, 512, 20_024_384, 80_134_624, 71.3, 19.6),
        ),
    ),
)

# With and without the classification top, as Keras lists them; MobileNetV2 has none.
_CHECKSUMS = {
    "efficientnet_b0": ("902e53a9f72be733fc0bcb005b3ebbac", "50bc09e76180e00e4465e1a485ddc09d"),
    "efficientnet_b1": ("1d254153d4ab51201f1646940f018540", "74c4e6b3e1f6a1eea24c589628592432"),
    "efficientnet_b2": ("b15cce36ff4dcbd00b6dd88e7857a6ad", "111f8e2ac8aa800a7a99e3239f7bfb39"),
    "efficientnet_b3": ("ffd1fdc53d0ce67064dc6a9c7960ede0", "af6d107764bb5b1abb91932881670226"),
    "efficientnet_b4": ("18c95ad55216b8f92d7e70b3a046e2fc", "ebc24e6d6c33eaebbd558eafbeedf1ba"),
    "efficientnet_b5": ("ace28f2a6363774853a83a0b21b9421a", "38879255a25d3c92d5e44e04ae6cec6f"),
    "efficientnet_b6": ("165f6e37dce68623721b423839de8be5", "9ecce42647a20130c1f39a5d4cb75743"),
    "efficientnet_b7": ("8c03f828fec3ef71311cd463b6759d99", "cbcfe4450ddf6f3ad90b1b398090fe4a"),
    "efficientnet_v2_b0": ("21ecbf6da12460d5c40bb2f29ceb2188", "893217f2bb855e2983157299931e43ff"),
    "efficientnet_v2_b1": ("069f0534ff22adf035c89e2d9547a9dc", "0e80663031ca32d657f9caa404b6ec37"),
    "efficientnet_v2_b2": ("424e49f28180edbde1e94797771950a7", "1dfe2e7a5d45b6632553a8961ea609eb"),
    "efficientnet_v2_b3": ("1f1fc43bd98a6e4fd8fdfd551e02c7a0", "f6abf7b5849ac99a89b50dd3fd532856"),
    "efficientnet_v2_s": ("e1d88a8495beba45748fedd0cecbe016", "af0682fb74e8c54910f2d4393339c070"),
    "efficientnet_v2_m": ("a3bf6aa3276309f4fc6a34aa114c95cd", "1b8dc055df72dde80d614482840fe342"),
    "efficientnet_v2_l": ("27e6d408b53c7ebc868fefa357689935", "b0b66b5c863aef5b46e8608fe1711615"),
    "mobilenet_v3_small": ("8768d4c2e7dee89b9d02b2d03d65d862", "d3e8ec802a04aa4fc771ee12a9a9b836"),
    "mobilenet_v3_large": ("59e551e166be033d707958cf9e29a6a7", "07fb09a5933dd0c8eaafa16978110389"),
    "nasnet_mobile": ("020fb642bf7360b370c678b08e0adf61", "1ed92395b5b598bdda52abe5c0dbfd63"),
    "densenet121": ("9d60b8095a5708f2dcce2bca79d332c7", "30ee3e1110167f948a6b9946edeeb738"),
    "densenet169": ("d699b8f76981ab1b30698df4c175e90b", "b8c4d4c20dd625c148057b9ff1c1176b"),
    "densenet201": ("1ceb130c1ea1b78c3bf6114dbdfd8807", "c13680b51ded0fb44dff2d8f86ac8bb1"),
    "resnet50": ("2cb95161c43110f7111970584f804107", "4d473c1dd8becc155b73f8504c6f6626"),
    "resnet101": ("f1aeb4b969a6efcfb50fad2f0c20cfc5", "88cf7a10940856eca736dc7b7e228a21"),
    "resnet152": ("100835be76be38e30d865e96f2aaae62", "ee4c566cf9a93f14d82f913c2dc6dd0c"),
    "resnet50_v2": ("3ef43a0b657b3be2300d5770ece849e0", "fac2f116257151a9d068a22e544a4917"),
    "resnet101_v2": ("6343647c601c52e1368623803854d971", "c0ed64b8031c3730f411d2eb4eea35b5"),
    "resnet152_v2": ("a49b44d1979771252814e80f8ec446f9", "ed17cf2e0169df9d443503ef94b23b33"),
    "inception_v3": ("9a0d58056eeedaa3f26cb7ebd46da564", "bcbd6486424b2319ff4ef7d526e38f63"),
    "inception_resnet_v2": ("e693bd0210a403b3192acc6073ad2e96", "d19885ff4a710c122648d3b5c3b684e4"),
    "xception": ("0a58e3b7378bc2990ea3b43d5981f1f6", "b0042744bf5b25fce3cb969f33bebb97"),
    "convnext_tiny": (
        "8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff",
        "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
    ),
    "convnext_small": (
        "ce1277d8f1ee5a0ef0e171469089c18f5233860ceaf9b168049cb9263fd7483c",
        "6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab",
    ),
    "convnext_base": (
        "52cbb006d3dadd03f6e095a8ca1aca47aecdd75acb4bc74bce1f5c695d0086e6",
        "40a20c5548a5e9202f69735ecc06c990e6b7c9d2de39f0361e27baeb24cb7c45",
    ),
    "convnext_large": (
        "070c5ed9ed289581e477741d3b34beffa920db8cf590899d6d2c67fba2a198a6",
        "96f02b6f0753d4f543261bc9d09bed650f24dd6bc02ddde3066135b63d23a1cd",
    ),
    "vgg16": ("64373286793e3c8b2b4e3219cbf3544b", "6d6bbae143d832006294945121d1f1fc"),
    "vgg19": ("cbe5617147190e668d6c5d5026f83318", "253f8cb515780f3b799900260a226db6"),
}

_GOOD_FOR = {
    "efficientnet_b0": N_(
        "Nearly as fast as EfficientNet-Lite0, often a little more accurate; a small download."
    ),
    "efficientnet_b1": N_("A step more accurate than EfficientNetB0, and a step slower."),
    "efficientnet_b2": N_(
        "A good middle: more accurate than most large networks, with a third of their weight."
    ),
    "efficientnet_b3": N_("Sees finer detail in pictures of 300 pixels; patience or a graphics card helps."),
    "efficientnet_b4": N_("Fine detail at 380 pixels; for a graphics card, or for few pictures."),
    "efficientnet_b5": N_("Very fine detail at 456 pixels; needs a graphics card."),
    "efficientnet_b6": N_("Very fine detail at 528 pixels; needs a graphics card and much of its memory."),
    "efficientnet_b7": N_("The finest detail here, at 600 pixels; among the slowest networks."),
    "efficientnet_v2_b0": N_("Accurate for its size, and quicker to train as a whole than EfficientNetB0."),
    "efficientnet_v2_b1": N_("A step more accurate than EfficientNetV2B0, and a step slower."),
    "efficientnet_v2_b2": N_("Accurate and still small; a good choice for a quiet hour on the processor."),
    "efficientnet_v2_b3": N_("Very accurate for its size; a good choice where accuracy matters most."),
    "efficientnet_v2_s": N_("Among the most accurate; its pictures of 384 pixels ask for a graphics card."),
    "efficientnet_v2_m": N_("More accurate still, for a graphics card with much memory."),
    "efficientnet_v2_l": N_("The most accurate of its family, half a gigabyte, for large graphics cards."),
    "mobilenet_v3_small": N_("The smallest and fastest, made for telephones; less accurate."),
    "mobilenet_v3_large": N_(
        "Made for telephones: very fast, small, and as accurate as networks ten times its size."
    ),
    "mobilenet_v2": N_("An older network for telephones that nearly every device can run."),
    "nasnet_mobile": N_("Designed by a computer's search; small, but slower than MobileNet."),
    "densenet121": N_("Small and well tried with medical pictures; slow for its size."),
    "densenet169": N_("A deeper DenseNet121: a little more accurate, a little slower."),
    "densenet201": N_("The deepest DenseNet; slow without a graphics card."),
    "resnet50": N_("A classic that many published results compare with; slow without a graphics card."),
    "resnet101": N_("A deeper ResNet50: a little more accurate, half as fast."),
    "resnet152": N_("The deepest ResNet; for comparisons, or for a graphics card."),
    "resnet50_v2": N_("The classic with a better order of its layers; learns well when trained as a whole."),
    "resnet101_v2": N_("A deeper ResNet50V2: a little more accurate, half as fast."),
    "resnet152_v2": N_("The deepest ResNetV2; for a graphics card."),
    "inception_v3": N_("Looks at larger pictures, so it sees finer detail; slow without a graphics card."),
    "inception_resnet_v2": N_("More accurate than InceptionV3, and more than twice as large."),
    "xception": N_("A leaner InceptionV3, a little more accurate; slow without a graphics card."),
    "convnext_tiny": N_(
        "A modern design whose features suit almost any pictures; slow without a graphics card."
    ),
    "convnext_small": N_("A larger ConvNeXtTiny; for a graphics card."),
    "convnext_base": N_(
        "Learnt from fourteen million pictures; among the most accurate, for a graphics card."
    ),
    "convnext_large": N_("The most accurate here, and the largest: 786 MB, for a large graphics card."),
    "vgg16": N_("An old network that is easy to explain in class; slow, and large for its accuracy."),
    "vgg19": N_("VGG16 with three more layers; kept for comparisons."),
}


def _backbone(family: _Family, row: _Row) -> Backbone:
    file = family.file.format(row.file)
    _, checksum = _CHECKSUMS.get(row.key, ("", ""))
    return Backbone(
        key=row.key,
        name=row.name,
        family=family.name,
        source=family.source,
        builder=row.name,
        input_size=row.input_size,
        feature_size=row.feature_size,
        parameters=row.parameters,
        download_bytes=row.download_bytes,
        imagenet_top1=row.imagenet_top1,
        billion_multiply_adds=row.billion_multiply_adds,
        preprocessing=family.preprocessing,
        weights=WeightsSource.DOWNLOAD,
        weights_file=file,
        weights_url=f"{family.folder.format(row.file)}/{file}",
        weights_hash=checksum and f"{family.checksum}:{checksum}",
        licence=family.licence,
        good_for=_GOOD_FOR[row.key],
        smallest_size=family.smallest_size,
    )


KERAS_BACKBONES = tuple(_backbone(family, row) for family in _FAMILIES for row in family.rows)
# Keys of backbones by the checksums of their files with the classification top.
WITH_TOP = {checksum: key for key, (checksum, _) in _CHECKSUMS.items()}
