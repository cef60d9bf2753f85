"""Options of ``evaluate`` that explain an answer: a heatmap as PNG, and its verdict."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.cli.terminal import Answer, TerminalProgress, end_line
from core.delivery.explaining import Explainer
from core.delivery.files import naming_the_path
from core.errors import NotFoundError
from core.evaluation.explanations.drawing import overlaid, png
from core.files import whole_file
from core.messages import N_

_OPACITY = 0.55
_LONGEST_SIDE = 1024  # pixels


def add_explain_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``--explain``, ``--class`` and ``--heatmap``."""
    parser.add_argument(
        "--explain", type=Path, metavar="PICTURE", help="write where the classifier looks in this picture"
    )
    parser.add_argument(
        "--class", dest="class_name", metavar="C", help="class to explain (the classifier's answer)"
    )
    parser.add_argument(
        "--heatmap", type=Path, metavar="FILE.png", help="file of the heatmap (PICTURE-heatmap.png, here)"
    )


def explain(run: Path, options: argparse.Namespace) -> Answer:
    """Write the heatmap of ``--explain`` and describe it.

    Raises:
        NotFoundError: the picture cannot be read, the class is unknown or the run is not finished.
        UnreadableImageError: the file is not a picture.
        DeliveryError: the heatmap cannot be written.
    """
    picture: Path = options.explain
    try:
        data = picture.read_bytes()
    except OSError as error:
        raise NotFoundError(
            N_("{file} cannot be read: {error}."), file=str(picture), error=error.strerror or str(error)
        ) from error
    explainer = Explainer(run)
    index = None if options.class_name is None else explainer.class_index(options.class_name)
    heatmap = explainer.heatmap(data, index)
    progress = TerminalProgress()
    verdict = explainer.verdict(data, heatmap, progress.advance)
    end_line()
    output = options.heatmap or Path(f"{picture.stem}-heatmap.png")
    with naming_the_path(output), whole_file(output) as temporary:
        temporary.write_bytes(
            png(overlaid(explainer.upright(data, _LONGEST_SIDE), heatmap.support, _OPACITY))
        )
    return {
        "picture": str(picture),
        "class": explainer.labels.class_names[heatmap.class_index],
        "probability": heatmap.probability,
        "method": heatmap.method,
        "heatmap": str(output),
        "trust": verdict.trust,
        "verdict": verdict.to_json(),
    }
