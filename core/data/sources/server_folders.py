"""Server folders: the folders on Darkroom's computer that its users may browse.

The operator lists them in ``DARKROOM_FOLDERS``, separated as in ``PATH``; the default is none.
``sources`` reads the pictures in them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from core.data.sources.leavings import is_junk
from core.errors import ConfigError, DataError, NotFoundError
from core.messages import N_
from core.natural_order import natural_order

FOLDERS_VARIABLE = "DARKROOM_FOLDERS"
# Some file managers put them around a copied path.
_QUOTES = "\"'"


@dataclass(frozen=True, kw_only=True)
class FolderContent:
    """Contents of one folder: its subfolders in natural order, and the number of other files."""

    folders: tuple[Path, ...]
    files: int


def allowed_roots() -> tuple[Path, ...]:
    """List the folders that users may browse, resolved, in the operator's order. They need not exist.

    Raises:
        ConfigError: a path is not absolute.
    """
    named = (text.strip() for text in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep))
    roots = [Path(text).expanduser() for text in named if text]
    for root in roots:
        if not root.is_absolute():
            raise ConfigError(
                N_("{variable} contains “{folder}”; each folder must be given by its absolute path."),
                variable=FOLDERS_VARIABLE,
                folder=str(root),
            )
    return tuple(dict.fromkeys(root.resolve() for root in roots))


def checked_folder(text: str) -> Path:
    """Resolve the path that a user typed and check that it is inside an allowed folder.

    Links are resolved, so none leads out. The error for a path that is not allowed does not
    reveal whether it exists.

    Raises:
        ConfigError: no folder is allowed, or not this one, or the path is not absolute.
        NotFoundError: the folder does not exist.
        DataError: the path is a file, or the folder cannot be read.
    """
    roots = allowed_roots()
    if not roots:
        raise ConfigError(
            N_(
                "No folder of this computer is allowed yet. The person who runs Darkroom can allow some: list them in {variable} and start it again."
            ),
            variable=FOLDERS_VARIABLE,
        )
    clean = text.strip().strip(_QUOTES).strip()
    path = Path(clean)
    if not path.is_absolute():
        raise ConfigError(
            N_("“{folder}” is not an absolute path. Type the whole path, such as {example}."),
            folder=clean,
            example=str(roots[0]),
        )
    try:
        folder = path.resolve()
    # A path that is too long, a ring of links, a zero byte.
    except (OSError, RuntimeError, ValueError) as error:
        raise _not_allowed(clean, roots) from error
    if not _is_allowed(folder, roots):
        raise _not_allowed(clean, roots)
    try:
        is_folder, exists = folder.is_dir(), folder.exists()
    except OSError as error:
        raise _unreadable(folder, error) from error
    if not exists:
        raise NotFoundError(N_("There is no folder “{folder}”. Check the name."), folder=clean)
    if not is_folder:
        raise DataError(N_("“{folder}” is a file. Choose the folder that contains it."), folder=clean)
    return folder


def list_folders(folder: Path) -> FolderContent:
    """List ``folder``, a result of ``checked_folder``; links that lead out of it are omitted.

    Raises:
        DataError: the folder cannot be read.
    """
    roots = allowed_roots()
    folders, files = [], 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if is_junk((entry.name,)):
                    continue
                if not entry.is_dir():
                    files += 1
                elif not entry.is_symlink() or _is_allowed(Path(entry.path).resolve(), roots):
                    folders.append(Path(entry.path))
    except OSError as error:
        raise _unreadable(folder, error) from error
    return FolderContent(
        folders=tuple(sorted(folders, key=lambda path: natural_order(path.name))), files=files
    )


def _is_allowed(folder: Path, roots: tuple[Path, ...]) -> bool:
    return any(folder.is_relative_to(root) for root in roots)


def _not_allowed(folder: str, roots: tuple[Path, ...]) -> ConfigError:
    return ConfigError(
        N_("“{folder}” is outside the allowed folders: {roots}. Choose one of these."),
        folder=folder,
        roots=", ".join(map(str, roots)),
    )


def _unreadable(folder: Path, error: OSError) -> DataError:
    return DataError(
        N_("The folder {folder} cannot be read: {error}. Check its permissions."),
        folder=str(folder),
        error=error.strerror or str(error),
    )
