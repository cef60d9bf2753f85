"""Loaded classifiers: each run's is shared by all requests, and the least recently used ones are dropped."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import cached_property
from pathlib import Path

from core.delivery.certificate.store import certificate_file
from core.delivery.explaining import Explainer
from core.delivery.files import labels_file, parity_file, tflite_file
from core.delivery.formats.litert.tflite_format import TFLITE
from core.delivery.prediction import Classifier
from core.evaluation.calibration.conformal import PredictionSets
from core.evaluation.report import read_report, report_file
from core.http.names import run_named

MOST_LOADED = 4


class LoadedRun:
    """A run's classifier with everything that its answers need. Safe to share between threads."""

    def __init__(self, run: Path) -> None:
        """Load a run.

        Raises:
            NotFoundError: it has no finished classifier.
            DeliveryError: its LiteRT file is withheld.
        """
        self.run, self.stamp = run, _stamp(run)
        self.classifier = Classifier(run)
        self._explaining = threading.Lock()

    @cached_property
    def sets(self) -> tuple[PredictionSets, ...]:
        """Prediction sets by their promise; none in an older run."""
        calibration = read_report(self.run).calibration
        return calibration.sets if calibration else ()

    @property
    def explainer(self) -> Explainer:
        """The network for heatmaps, loaded at the first one."""
        with self._explaining:
            return self._explainer

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(self.run)

    def is_current(self) -> bool:
        """False once the run was delivered again, certified, changed its thresholds or was deleted."""
        return self.stamp == _stamp(self.run)


class LoadedClassifiers:
    """The classifiers in memory, by the name that requests call their run. Safe to share between threads."""

    def __init__(self) -> None:
        self._loaded: OrderedDict[str, LoadedRun] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str, run: Path | None = None) -> LoadedRun:
        """Return a run's classifier; loaded at the first call and after a change.

        Args:
            run: its folder, where it is known; None: the name is looked up.
        Raises:
            NotFoundError: there is no such run, or it has no finished classifier.
            AmbiguousNameError: several projects have one of this name.
            DeliveryError: its LiteRT file is withheld.
        """
        with self._lock:
            loaded = self._loaded.get(name)
            if loaded is None or not loaded.is_current():
                self._loaded.pop(name, None)
                loaded = self._loaded[name] = LoadedRun(run or run_named(name)[1])
                while len(self._loaded) > MOST_LOADED:
                    self._loaded.popitem(last=False)
            self._loaded.move_to_end(name)
            return loaded


def _stamp(run: Path) -> tuple[int, ...]:
    """Times at which the files of a classifier were written; 0 for one that is missing."""
    times = []
    certificate = certificate_file(run, TFLITE)
    for file in (tflite_file(run), labels_file(run), report_file(run), parity_file(run), certificate):
        try:
            times.append(file.stat().st_mtime_ns)
        except FileNotFoundError:
            times.append(0)
    return tuple(times)
