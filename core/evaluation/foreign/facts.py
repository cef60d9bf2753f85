"""Records of foreign models: kind, interface, preprocessing, and the sentence for each fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from core.records import Record


class Kind(StrEnum):
    """Origin of a foreign model; ``kinds.KINDS`` describes each."""

    TEACHABLE_MACHINE = "teachable_machine"
    LOBE = "lobe"
    CUSTOM_VISION = "custom_vision"
    KERAS = "keras"
    LITERT = "litert"
    ONNX = "onnx"
    SAVED_MODEL = "saved_model"
    TENSORFLOW_JS = "tensorflow_js"


class Runtime(StrEnum):
    """Library that runs a model; ``sandbox.runtimes`` has the function of each."""

    KERAS = "keras"
    LITERT = "litert"
    ONNX = "onnx"
    SAVED_MODEL = "saved_model"
    FROZEN_GRAPH = "frozen_graph"
    TENSORFLOW_JS = "tensorflow_js"


class Layout(StrEnum):
    """Order of an input's axes."""

    CHANNELS_LAST = "nhwc"
    CHANNELS_FIRST = "nchw"


class ChannelOrder(StrEnum):
    """Colours of an input's channels."""

    RGB = "rgb"
    BGR = "bgr"
    GREY = "grey"


class Fitting(StrEnum):
    """Way in which a picture of any shape becomes the input's shape."""

    STRETCH = "stretch"
    CROP = "crop"


class Activation(StrEnum):
    """Meaning of a model's outputs, found from their values."""

    # Add up to 1.
    SOFTMAX = "softmax"
    # Each from 0 to 1, independent.
    SIGMOID = "sigmoid"
    # Of any size.
    LOGITS = "logits"


class NetworkBlock(StrEnum):
    """Strength of the block that keeps a foreign model from the network."""

    # The system refuses sockets and new programs (seccomp on Linux).
    SYSTEM = "system"
    # Python refuses them; code of the runtime itself is not held.
    PYTHON = "python"


@dataclass(frozen=True, kw_only=True)
class TensorFacts(Record):
    """Input or output as its runtime states it."""

    name: str
    # 0: of any length.
    shape: tuple[int, ...]
    # NumPy's name.
    dtype: str
    # Of a quantised tensor: value = scale × (number − zero point). 0: not quantised.
    scale: float = 0.0
    zero_point: int = 0


@dataclass(frozen=True, kw_only=True)
class Interface(Record):
    """Inputs and outputs of a model, and the class names and the preprocessing that its file states."""

    inputs: tuple[TensorFacts, ...]
    outputs: tuple[TensorFacts, ...]
    class_names: tuple[str, ...] = ()
    preprocessing: Preprocessing | None = None


@dataclass(frozen=True, kw_only=True)
class InputFacts(Record):
    """Pictures as a model takes them."""

    width: int
    height: int
    channels: int
    layout: Layout
    tensor: TensorFacts


@dataclass(frozen=True, kw_only=True)
class Preprocessing(Record):
    """Values of an input: (value from 0 to 255 − mean) / deviation, per channel in RGB order."""

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    order: ChannelOrder = ChannelOrder.RGB
    fitting: Fitting = Fitting.STRETCH


@dataclass(frozen=True, kw_only=True)
class Alternative(Record):
    """Preprocessing whose accuracy on the same validation pictures differs by no more than chance."""

    preprocessing: Preprocessing
    accuracy: float


@dataclass(frozen=True, kw_only=True)
class Sample(Record):
    """Answer of a model to one picture of the project, by the model's own classes."""

    picture: str
    answer: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class ModelFacts(Record):
    """Facts read from a foreign model: ``facts.json`` in its folder."""

    # File or folder as the user named it.
    source: str
    kind: Kind
    runtime: Runtime
    # Below ``model/``.
    path: str
    input: InputFacts
    output: TensorFacts
    class_names: tuple[str, ...]
    # False: the export names no classes, so they are numbered.
    has_class_names: bool
    # None: the export does not say.
    preprocessing: Preprocessing | None
    network: NetworkBlock
    size_bytes: int
    # Preprocessing of the samples, and the number of validation pictures that chose it; 0: not guessed.
    sample_preprocessing: Preprocessing
    guessed_on: int = 0
    guessed_accuracy: float = 0.0
    # Others that may be as good, the best first.
    alternatives: tuple[Alternative, ...] = ()
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Judgement(Record):
    """Settings under which a foreign model was judged: ``judgement.json`` in its folder."""

    # Foreign class to class of the project.
    mapping: Mapping[str, str]
    preprocessing: Preprocessing
    # Number of validation pictures that chose the preprocessing; 0: the export or the user stated it.
    guessed_on: int
    guessed_accuracy: float
    activation: Activation
    # Classes of the project that the model does not know: their pictures count as wrong.
    lacking: tuple[str, ...]
    # Classes of the model that the project does not know: their probability goes to another answer.
    foreign: tuple[str, ...]
    # Preprocessings that may be as good as the guessed one, the best first.
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True, kw_only=True)
class InspectionRequest(Record):
    """Model to understand: settings of the job ``inspect_model``."""

    source: Path
    # Folder below ``judged/``.
    name: str
    dataset_version: int
    # File of class names; None: those of the export.
    labels: Path | None = None


@dataclass(frozen=True, kw_only=True)
class JudgementRequest(Record):
    """Model to test: settings of the job ``judge_model``."""

    # Folder below ``judged/``.
    name: str
    dataset_version: int
    # Foreign class to class of the project; "" takes a matched class out.
    changes: Mapping[str, str] = field(default_factory=dict)
    # Where no name is equal, the first class is the first one.
    by_order: bool = False
    # None: as the export states it, else guessed.
    preprocessing: Preprocessing | None = None
