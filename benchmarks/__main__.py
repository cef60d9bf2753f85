"""``python -m benchmarks [NAME …] [--quick]``: measure, print a table, write JSON.

Each benchmark runs in a fresh process. Results are kept as ``benchmarks/artifacts/NAME.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.figures import format_table
from benchmarks.machine import describe_machine
from benchmarks.options import TUTORIAL_EPOCHS, Options
from benchmarks.running import run_apart

# The long ones last.
NAMES = (
    "dataset_import",
    "formats",
    "deep_pictures",
    "upload",
    "gallery",
    "search_page",
    "evaluate_page",
    "intervals",
    "slices",
    "explanations",
    "paired_tests",
    "calibration",
    "after_delivery",
    "strangers",
    "wrong_labels",
    "doctor",
    "augmentation",
    "robustness",
    "quantised",
    "feature_extraction",
    "batch_prediction",
    "web_process",
    "web_page",
    "http_api",
    "head_training",
    "few_pictures",
    "input_pipeline",
    "training_kernels",
    "training_memory",
    "certificates",
    "time_left",
    "search",
    "quick_training",
    "fine_tuning",
)
# Half an hour each or, for ten minutes of climbing, four hours.
ONLY_WHEN_NAMED = ("backbones_sweep", "search_quality", "climb_minute", "climb_ten_minutes")
ARTIFACTS = Path(__file__).parent / "artifacts"


def main() -> int:
    arguments = _parser().parse_args()
    options = Options(
        quick=arguments.quick,
        baseline_epochs=arguments.baseline_epochs or (1 if arguments.quick else TUTORIAL_EPOCHS),
        digits_baseline=arguments.digits_baseline,
    )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # also in the processes that are started
    ARTIFACTS.mkdir(exist_ok=True)
    machine = describe_machine()
    print(
        f"{machine['processor']}, {machine['usable_cores']} cores, {machine['memory_gb']} GB memory, "
        f"load {machine['load_at_start']} before the start\n"
    )
    for name in dict.fromkeys(arguments.names or NAMES):
        began = time.perf_counter()
        print(f"{name} …", file=sys.stderr, flush=True)
        figures = run_apart(name, options)
        seconds = time.perf_counter() - began
        record = {
            "benchmark": name,
            "options": asdict(options),
            "machine": machine,
            "seconds": round(seconds, 1),
            "figures": [figure.to_json() for figure in figures],
        }
        path = ARTIFACTS / f"{name}{'-quick' if options.quick else ''}.json"
        path.write_text(json.dumps(record, indent=1, ensure_ascii=False), encoding="utf-8")
        print(f"{name} ({seconds:.0f} s)\n{format_table(figures, judged=not options.quick)}\n", flush=True)
    print("ratio: how many times as good as the reference (as fast, as accurate, as small)")
    if options.quick:
        print("A quick run shows that everything works. Its figures mean nothing.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Darkroom.")
    parser.add_argument(
        "names",
        nargs="*",
        type=_known,
        metavar="NAME",
        help=f"any of {', '.join(NAMES)}, which all run by default, or of {', '.join(ONLY_WHEN_NAMED)}",
    )
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that everything runs")
    parser.add_argument(
        "--baseline-epochs", type=int, help=f"of the tutorial recipe, {TUTORIAL_EPOCHS} by default (quick: 1)"
    )
    parser.add_argument(
        "--digits-baseline",
        action="store_true",
        help="also train the tutorial recipe on the digits (many minutes)",
    )
    return parser


def _known(name: str) -> str:
    """Checked here: in Python 3.11, ``choices`` would refuse no name at all."""
    known = (*NAMES, *ONLY_WHEN_NAMED)
    if name not in known:
        raise argparse.ArgumentTypeError(f"there is no {name!r}; choose from {', '.join(known)}")
    return name


if __name__ == "__main__":
    sys.exit(main())
