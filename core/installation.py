"""Installation check: Darkroom runs from its own folder, not from a wheel."""

from __future__ import annotations

from pathlib import Path

from core.errors import ConfigError
from core.messages import N_

ROOT = Path(__file__).resolve().parents[1]
# Files beside the packages, which a wheel does not contain.
_NEEDED = ("app.py", "locale", "pages/navigation.py", ".streamlit/config.toml")


def require_complete_installation(root: Path = ROOT) -> None:
    """Check that the files beside the packages are there.

    Raises:
        ConfigError: some are missing, as after an installation that is not editable.
    """
    missing = [name for name in _NEEDED if not (root / name).exists()]
    if missing:
        raise ConfigError(
            N_(
                "This installation of Darkroom is incomplete: {folder} lacks {files}. "
                "In Darkroom's own folder, install it with: pip install --editable ."
            ),
            folder=str(root),
            files=", ".join(missing),
        )
