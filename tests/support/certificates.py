"""Certificates as a check would write them."""

from __future__ import annotations

from pathlib import Path

from core.delivery.certificate.records import Agreement, Certificate, ClassDifference, FileCheck, Speed
from core.delivery.certificate.store import write_certificate
from core.delivery.exporter import Exporter
from core.delivery.formats.litert.tflite_format import TFLITE
from core.evaluation.comparison.differences import MetricDifference
from core.files import hash_file


def certified(run: Path, exporter: Exporter, *, dogs_lost: int = 0) -> Certificate:
    """Write the certificate of a run's file, as its check would: 100 pictures, of which some dogs are lost."""
    accuracy = MetricDifference(
        code="accuracy", first=0.9, second=0.9 - dogs_lost / 100, interval=(-dogs_lost / 100, 0.01)
    )
    lost = ClassDifference(
        name="dog", pictures=50, evaluated=0.9, exported=0.9 - dogs_lost / 50, interval=(-0.2, 0.1)
    )
    agreement = Agreement(
        pictures=100,
        same=100 - dogs_lost,
        ties=0,
        largest_difference=3e-7,
        mean_difference=1e-7,
        accuracy=accuracy,
        classes=(lost,),
    )
    certificate = Certificate(
        run=run.name,
        format=exporter.code,
        sha256=hash_file(exporter.file(run)),
        size_bytes=exporter.file(run).stat().st_size,
        checked=0.0,
        evaluation="digest",
        is_exact=exporter.is_exact,
        tolerance=exporter.tolerance,
        check=FileCheck(
            agreement=agreement,
            is_whole=True,
            speed=_speed(exporter),
        ),
    )
    write_certificate(run, exporter, certificate)
    return certificate


def _speed(exporter: Exporter) -> Speed:
    """8 ms of the reference, and of all others, measured while other work slowed both."""
    if exporter is TFLITE:
        return Speed(milliseconds=8.0)
    return Speed(milliseconds=300.0, ratio=1.5, ratio_interval=(1.4, 1.6))
