"""Export in every format that is installed here, each file checked on all test pictures.

The seconds are those of one command, from its start to its end: conversions, clean processes,
one fresh environment for bundle and server. Sizes, accuracies and times of formats stand beside the float32
LiteRT file of the same run; the times were measured in turns with it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.commands import darkroom, train
from benchmarks.figures import Figure, Reference, Target
from benchmarks.options import Options
from benchmarks.quick_training import write_split_digits

MOST_SECONDS = 240.0
LEAST_AGREEMENT = 99.9  # percent
# of the int8 file: size as a fraction, lost points of accuracy
MOST_INT8_SIZE, MOST_INT8_LOSS = 0.30, 0.5
_FLOAT32, _INT8 = "tflite", "tflite_int8"


def run(options: Options) -> list[Figure]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_split_digits(folder / "digits", per_digit=10 if options.quick else None)
        home = folder / "home"
        darkroom(home, "import", str(folder / "digits" / "split"), "--project", "digits")
        run_name = train(home, "digits").answer["run"]
        arguments = ("export", run_name, "--format", "all", "--output")
        # All are delivered, whatever they lose, so that all are compared.
        first = darkroom(home, *arguments, str(folder / "first"), "--max-loss", "100")
        second = darkroom(home, *arguments, str(folder / "second"), "--max-loss", "100")
    files = {file["format"]: file for file in first.answer["files"]}
    failed = first.answer["failed"]
    return [
        Figure(
            name=f"{len(files)} formats made and checked", measured=first.seconds, unit="s",
            less_is_better=True, target=Target(at_most=MOST_SECONDS), details={"failed": failed},
        ),
        Figure(
            name="the same again, from the certificates", measured=second.seconds, unit="s", less_is_better=True,
            reference=Reference(name="the first time", value=first.seconds),
        ),
        *(figure for code, file in files.items() for figure in _file_figures(code, file, files[_FLOAT32])),
    ]  # fmt: skip


def _file_figures(code: str, file: dict[str, Any], float32: dict[str, Any]) -> list[Figure]:
    certificate = file["certificate"]
    check = certificate["check"] if certificate else None
    figures = [
        Figure(
            name=f"{code}: size", measured=file["bytes"] / 1e6, unit="MB", less_is_better=True,
            reference=Reference(name="float32 LiteRT", value=float32["bytes"] / 1e6),
            target=Target(at_most=MOST_INT8_SIZE * float32["bytes"] / 1e6) if code == _INT8 else None,
        )
    ]  # fmt: skip
    if check is None:
        return figures
    agreement, accuracy = 100 * certificate["agreement"], check["agreement"]["accuracy"]
    figures.append(
        Figure(
            name=f"{code}: answers that agree", measured=agreement, unit="%",
            target=Target(at_least=LEAST_AGREEMENT) if certificate["is_exact"] else None, details=check,
        )
    )  # fmt: skip
    if not certificate["is_exact"]:
        figures.append(
            Figure(
                name=f"{code}: accuracy", measured=100 * accuracy["second"], unit="%",
                reference=Reference(name="evaluation", value=100 * accuracy["first"]),
                target=Target(of="difference", at_least=-MOST_INT8_LOSS) if code == _INT8 else None,
                details={"interval": accuracy["interval"]},
            )
        )  # fmt: skip
    speed = check["speed"]
    if speed and speed["ratio"]:
        figures.append(
            Figure(
                name=f"{code}: one picture", measured=speed["milliseconds"], unit="ms", less_is_better=True,
                reference=Reference(name="float32 LiteRT", value=speed["milliseconds"] / speed["ratio"]),
                details={"ratio_interval": speed["ratio_interval"]},
            )
        )  # fmt: skip
    return figures
