"""Core ML export: a zip with an ML package for Apple's systems."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from core import __version__
from core.data.labels.task import Task
from core.delivery.exporter import DeliveredModel, Exporter, FormatGroup
from core.delivery.facts import ModelFacts
from core.delivery.formats.graphs.packing import facts_as_json, pack_folder, quiet
from core.delivery.formats.interface import FACTS, LABELS, OUTPUTS, PICTURE, PROBABILITIES
from core.messages import N_

if TYPE_CHECKING:
    import keras

PACKAGE = "Classifier.mlpackage"
_CLASS_NAME = "class_name"
# Names that the converter gives to the network's outputs, and to the probabilities of a classifier.
_CONVERTED = ("Identity", "Identity_1")
_PROBABILITIES_BY_CLASS = f"{_CLASS_NAME}_probs"


def make_coreml_package(model: DeliveredModel, path: Path) -> None:
    with TemporaryDirectory(prefix="darkroom-") as folder, quiet():
        package = _named(_convert(model.scored_model, model.facts))
        _describe(package, model.facts)
        package.save(str(Path(folder, PACKAGE)))
        pack_folder(Path(folder), path)


def _convert(network: keras.Model, facts: ModelFacts) -> Any:
    """Convert the network to an ML program that takes an image: ``coremltools.models.MLModel``."""
    import coremltools
    import tensorflow as tf

    from core.delivery.formats.graphs.signature import call_of, picture_of

    # The Keras model itself would do, but not for a classifier with a second output.
    function = tf.function(call_of(network), input_signature=[picture_of(network, 1)])
    picture = coremltools.ImageType(
        name=PICTURE,
        shape=(1, facts.input_size, facts.input_size, 3),
        color_layout=coremltools.colorlayout.RGB,
        channel_first=False,
    )
    # A Core ML classifier answers one class, which is no answer where a picture shows several.
    classifier = coremltools.ClassifierConfig(
        list(facts.class_names),
        predicted_feature_name=_CLASS_NAME,
        predicted_probabilities_output=_CONVERTED[0],
    )
    return coremltools.convert(
        [function.get_concrete_function()],
        source="tensorflow",
        inputs=[picture],
        classifier_config=None if facts.task is Task.MULTI_LABEL else classifier,
        # Its default, float16, rounds the small probabilities of a stranger score to 0.
        compute_precision=coremltools.precision.FLOAT32,
        minimum_deployment_target=coremltools.target.iOS16,
    )


def _named(converted: Any) -> Any:
    """Give the outputs their names."""
    import coremltools

    specification = converted.get_spec()
    there = {output.name for output in specification.description.output}
    names = dict(zip(_CONVERTED, OUTPUTS, strict=True)) | {_PROBABILITIES_BY_CLASS: PROBABILITIES}
    for name in there & names.keys():
        coremltools.utils.rename_feature(specification, name, names[name], rename_inputs=False)
    return coremltools.models.MLModel(specification, weights_dir=converted.weights_dir, skip_model_load=True)


def _describe(package: Any, facts: ModelFacts) -> None:
    """Add what Xcode shows of a model: description, version, licence and the facts."""
    package.short_description = facts.preprocessing
    package.author = f"Darkroom {__version__}"
    package.version = facts.run
    package.license = ", ".join(sorted({backbone.licence for backbone in facts.backbones} - {""}))
    package.user_defined_metadata.update(
        {LABELS: json.dumps(facts.class_names, ensure_ascii=False), FACTS: facts_as_json(facts)}
    )


COREML = Exporter(
    code="coreml",
    label=N_("Core ML"),
    description=N_(
        "A zip with an ML package for apps on iPhone, iPad and Mac (iOS 16, macOS 13 or later). It takes an image and is not checked here: Core ML runs only on Apple's systems."
    ),
    icon=":material/phone_iphone:",
    file_name="coreml.zip",
    group=FormatGroup.DEVICES,
    make=make_coreml_package,
    packages=("coremltools",),
)
