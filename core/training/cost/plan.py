"""Cost listener: remembers times that training measures and plans the rest of the run from them."""

from __future__ import annotations

from core.data.dataset import Dataset
from core.progress import Forwarding, Progress
from core.training.config import TrainingConfig
from core.training.cost.estimate import expected_stages, network_stages, stages_after_training
from core.training.cost.stage_times import remember_keras_seconds, remember_seconds
from core.training.cost.throughput import Throughput, peak_memory_bytes, remember_throughput
from core.training.facts import (
    EngineReady,
    HeadsFitted,
    KerasImported,
    StageTimed,
    ThroughputMeasured,
    Trained,
    is_keras_loaded,
)


class CostRecorder(Forwarding):
    """Progress that also remembers measured times for the estimates of later runs."""

    def fact(self, fact: object) -> None:
        remember(fact)
        super().fact(fact)


class RunPlan(CostRecorder):
    """Progress of a run that plans its remaining stages at the start and again at each milestone."""

    def __init__(self, dataset: Dataset, settings: TrainingConfig, progress: Progress) -> None:
        super().__init__(progress)
        self._dataset, self._settings = dataset, settings
        # A warm worker has imported Keras before its job.
        self.plan(expected_stages(dataset, settings, is_cold=not is_keras_loaded()))

    def fact(self, fact: object) -> None:
        super().fact(fact)
        dataset, settings, is_cold = self._dataset, self._settings, not is_keras_loaded()
        if isinstance(fact, EngineReady):
            self.plan(expected_stages(dataset, settings, is_cold=is_cold))
        elif isinstance(fact, HeadsFitted):
            self.plan(network_stages(dataset, settings, is_cold=is_cold))
        elif isinstance(fact, Trained):
            self.plan(stages_after_training(dataset, settings, own_network=fact.own_network, is_cold=is_cold))


def remember(fact: object) -> None:
    """Store a measured time on this machine; other facts are ignored."""
    if isinstance(fact, KerasImported):
        remember_keras_seconds(fact.seconds)
    elif isinstance(fact, StageTimed):
        remember_seconds(fact.settings, fact.stage, fact.seconds, own_network=fact.own_network)
    elif isinstance(fact, ThroughputMeasured):
        throughput = Throughput(
            pictures_per_second=fact.pictures_per_second,
            memory_bytes=peak_memory_bytes(),
            outputs=fact.outputs,
        )
        remember_throughput(fact.settings, fact.phase, throughput)
