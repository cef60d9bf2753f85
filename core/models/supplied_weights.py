"""Import of a weight file that the user supplies, recognised by its checksum.

A file without a published checksum is recognised by its name and size, then proven by
loading it. Loading imports Keras, so pages leave the proof to the first job that needs
the weights. A safetensors file is recognised by its tensors, under any name.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import WeightsError
from core.files import COPY_CHUNK_BYTES, hash_file
from core.messages import N_
from core.models.backbones import BACKBONES, Backbone, get_backbone
from core.models.keras_backbones import WITH_TOP
from core.models.published.table import PUBLISHED_NETWORKS
from core.models.weights.safetensors_file import are_among, tensor_shapes
from core.models.weights.store import is_right_file, supplied_path

_ALGORITHMS = ("md5", "sha256")
_EXAMPLES = ("efficientnet_b0", "resnet50", "mobilenet_v3_large")
# Browsers number repeated downloads: "weights (1).h5".
_COUNTED_BY_BROWSER = re.compile(r" ?\(\d+\)(?=\.\w+$)")
# Files with the classification top are smaller than this, too.
_LARGEST = max(backbone.download_bytes for backbone in BACKBONES.values()) * 2


@dataclass(frozen=True, kw_only=True)
class _Copy:
    """Copied file: its name, length and checksums."""

    name: str
    size_bytes: int
    checksums: frozenset[str]  # "md5:…", "sha256:…"


def import_weights_file(path: Path, name: str | None = None, *, prove: bool = True) -> Backbone:
    """Copy an official weight file into the folder of supplied weights.

    An intact file that is there already stays; a damaged one is replaced.

    Args:
        name: original name of the file, if ``path`` has another one.
        prove: load a file that has no published checksum. Imports Keras: False on pages.
    Returns:
        The backbone that the weights belong to.
    Raises:
        WeightsError: the file is unknown, incomplete or damaged.
    """
    name = _COUNTED_BY_BROWSER.sub("", name or path.name)
    _require_plausible(path, name)
    folder = supplied_path(get_backbone(_EXAMPLES[0])).parent
    folder.mkdir(parents=True, exist_ok=True)
    temporary = _temporary_file(folder, name)
    try:
        try:
            copy = _copy(path, temporary, name)
        except OSError as error:  # a full disk, or a removed USB stick
            reason = error.strerror or str(error)
            raise WeightsError(
                N_("{file} could not be copied: {reason}."), file=name, reason=reason
            ) from error
        backbone = _by_tensors(temporary, copy) if _has_tensors(name) else _recognised(copy)
        if prove and not backbone.weights_hash and not _has_tensors(name):
            _prove(backbone, temporary, name)
        _install(temporary, backbone)
    finally:
        temporary.unlink(missing_ok=True)
    return backbone


def _require_plausible(path: Path, name: str) -> None:
    if not path.is_file():
        raise WeightsError(N_("There is no file {file}."), file=str(path))
    if path.stat().st_size > _LARGEST:
        raise _unknown(name)


def _temporary_file(folder: Path, name: str) -> Path:
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".import-", suffix=Path(name).suffix)
    os.close(handle)
    return Path(temporary)


def _copy(path: Path, temporary: Path, name: str) -> _Copy:
    """Read the file once, so that the stored bytes are the checked ones."""
    digests = [hashlib.new(algorithm, usedforsecurity=False) for algorithm in _ALGORITHMS]
    size = 0
    with path.open("rb") as source, temporary.open("wb") as target:
        while chunk := source.read(COPY_CHUNK_BYTES):
            size += target.write(chunk)
            for digest in digests:
                digest.update(chunk)
        target.flush()
        os.fsync(target.fileno())
    checksums = frozenset(f"{digest.name}:{digest.hexdigest()}" for digest in digests)
    return _Copy(name=name, size_bytes=size, checksums=checksums)


def _recognised(copy: _Copy) -> Backbone:
    """Find the backbone that the weights belong to."""
    for backbone in BACKBONES.values():
        if backbone.weights_hash in copy.checksums:
            return backbone
    for checksum in copy.checksums:
        key = WITH_TOP.get(checksum.partition(":")[2])
        if key:
            raise _with_top(copy.name, get_backbone(key))
    named = [b for b in BACKBONES.values() if b.weights_file == copy.name and copy.name]
    if not named:
        raise _unknown(copy.name)
    if not named[0].weights_hash and copy.size_bytes == named[0].download_bytes:
        return named[0]
    raise _damaged(copy, named[0])


def _has_tensors(name: str) -> bool:
    return name.lower().endswith(".safetensors")


def _by_tensors(path: Path, copy: _Copy) -> Backbone:
    """Find the network whose tensors a safetensors file holds."""
    shapes = tensor_shapes(path, copy.name)
    published = [backbone for backbone in BACKBONES.values() if backbone.builder in PUBLISHED_NETWORKS]
    for backbone in published:
        if are_among(PUBLISHED_NETWORKS[backbone.builder].tensors(), shapes):
            _require_no_other(copy, backbone)
            return backbone
    raise WeightsError(
        N_(
            "{file} holds another network than those that Darkroom knows. It takes the files of timm for: "
            "{known}. Networks of other sizes have other tensors."
        ),
        file=copy.name,
        known=", ".join(backbone.name for backbone in published),
    )


def _require_no_other(copy: _Copy, backbone: Backbone) -> None:
    """Refuse other numbers for a network whose features may be in use."""
    present = supplied_path(backbone)
    if not present.is_file() or not is_right_file(present, backbone):
        return
    if f"sha256:{hash_file(present)}" not in copy.checksums:
        raise WeightsError(
            N_(
                "Other weights of {name} are here already, and runs may use them: {present}. {file} would "
                "change what they see. Move the other file away first if no run needs it."
            ),
            name=backbone.name,
            present=str(present),
            file=copy.name,
        )


def _prove(backbone: Backbone, path: Path, name: str) -> None:
    from core.models.lean_keras import import_keras

    import_keras()
    from core.models.architectures.networks import weights_fit

    if not weights_fit(backbone, path):
        raise WeightsError(
            N_("{file} does not fit {name}: it is another file, or it is damaged."),
            file=name,
            name=backbone.name,
        )


def _install(temporary: Path, backbone: Backbone) -> None:
    target = supplied_path(backbone)
    if target.is_file() and is_right_file(target, backbone):
        return
    temporary.chmod(0o644)  # mkstemp leaves it to this user alone
    temporary.replace(target)
    try:
        with FileLock(target.with_name(target.name + ".lock"), timeout=0):
            target.with_name(target.name + ".part").unlink(missing_ok=True)
    except Timeout:
        pass  # a download is running; it finds the file, or replaces it by the same one


def _with_top(name: str, backbone: Backbone) -> WeightsError:
    return WeightsError(
        N_(
            "{file} holds {name} with the classification top. Darkroom needs the file without it, {needed}, "
            "from {url}"
        ),
        file=name,
        name=backbone.name,
        needed=backbone.weights_file,
        url=backbone.weights_url,
    )


def _damaged(copy: _Copy, backbone: Backbone) -> WeightsError:
    if copy.size_bytes < backbone.download_bytes:
        return WeightsError(
            N_(
                "{file} is incomplete: it has {size} of {expected} bytes, so its download broke off. "
                "Download it again from {url}"
            ),
            file=copy.name,
            size=copy.size_bytes,
            expected=backbone.download_bytes,
            url=backbone.weights_url,
        )
    return WeightsError(
        N_(
            "{file} has the name of the weights of {name}, but it is another file or damaged: its checksum "
            "differs. Download it again."
        ),
        file=copy.name,
        name=backbone.name,
    )


def _unknown(name: str) -> WeightsError:
    examples = ", ".join(get_backbone(key).weights_file for key in _EXAMPLES)
    return WeightsError(
        N_(
            "{file} is not a weight file that Darkroom knows. It takes the official files of Keras "
            "Applications without the classification top, unchanged, such as {examples}, and those of "
            "timm in the safetensors format."
        ),
        file=name,
        examples=examples,
    )
