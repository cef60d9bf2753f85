"""An exported server, unpacked, of a run with chosen thresholds and limits; and the same server at work."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator

import numpy as np
import pytest

from core.delivery.exporter import FinishedModel
from core.delivery.files import read_labels
from core.delivery.formats.server.server_answers import running_server
from core.delivery.formats.server.server_format import make_server
from core.delivery.limits import use_limits
from core.delivery.thresholds import use_thresholds
from core.evaluation.evaluated_run import EvaluatedRun
from core.evaluation.strangers.chosen import AnswerLimits
from tests.support.exported_server import MAX_MEGABYTES, Exported
from tests.support.trained import Trained, copy_dataset, copy_run


@pytest.fixture(scope="package")
def exported(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    base = tmp_path_factory.mktemp("server")
    run = copy_run(trained, copy_dataset(trained, base / "workspace"))
    evaluated = EvaluatedRun.open(run)
    # Far from every probability, so that rounding changes no answer; and other answers than the most probable class.
    lower, higher = np.sort(evaluated.test.probabilities[:, 1])[4:6]
    use_thresholds(evaluated, (None, float(np.sqrt(lower * higher)), None))
    use_limits(run, AnswerLimits(stranger_limit=read_labels(run).stranger_limit, least_confidence=0.7))
    make_server(FinishedModel(run), base / "server.zip")
    with zipfile.ZipFile(base / "server.zip") as archive:
        archive.extractall(base / "server")
    return Exported(run=run, folder=base / "server")


@pytest.fixture(scope="package")
def port(exported: Exported) -> Iterator[int]:
    """Port of the running server."""
    with running_server(exported.folder, sys.executable, "--max-megabytes", str(MAX_MEGABYTES)) as port:
        yield port
