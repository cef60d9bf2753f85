"""The command line's commands about backbones and their weights."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.dataset_commands import AddCommand
from core.models.backbones import BACKBONES, WeightsSource
from core.models.speeds import measured_speeds
from core.models.weights import supplied_path, weights_ready, weights_state
from core.models.weights_import import import_weights_file
from core.terminal import Answer


def _backbones(options: argparse.Namespace) -> Answer:
    speeds = measured_speeds()
    return {
        "backbones": [
            {
                "key": backbone.key,
                "name": backbone.name,
                "family": backbone.family,
                "input_size": backbone.input_size,
                "parameters": backbone.parameters,
                "download_bytes": backbone.download_bytes,
                "imagenet_top1": backbone.imagenet_top1,
                "pretrained": backbone.weights is not WeightsSource.NONE,
                "ready": weights_ready(backbone),
                "weights": weights_state(backbone).value,
                "weights_file": backbone.weights_file,
                "weights_url": backbone.weights_url,
                "pictures_per_second": speeds.get(backbone.key),
                "licence": backbone.licence,
                "source": backbone.source,
            }
            for backbone in BACKBONES.values()
        ]
    }


def _weights(options: argparse.Namespace) -> Answer:
    backbone = import_weights_file(options.file)
    path = supplied_path(backbone)
    return {
        "backbone": backbone.key,
        "name": backbone.name,
        "path": str(path),
        "bytes": path.stat().st_size,
    }


def add_backbone_commands(add: AddCommand) -> None:
    """Declare the commands; ``add(name, command, summary)`` gives the parser of one."""
    add("backbones", _backbones, "the networks to choose from")
    weights = add(
        "weights", _weights, "put an official weight file in its place, for computers without a network"
    )
    weights.add_argument("action", choices=["import"])
    weights.add_argument("file", type=Path, metavar="FILE")
