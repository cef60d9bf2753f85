"""Transfer of trial weights between machines, through a table beside Optuna's.

Optuna's attributes would be too slow: each look at a trial reads all of them.
"""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

from sqlalchemy import (
    Column,
    ColumnElement,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    insert,
    select,
)

from core.search.config import SearchConfig
from core.search.records import WEIGHTS_FILES, WEIGHTS_FOLDER, trial_folder
from core.search.study.database import open_engine
from core.search.study.study import study_name

MOST_BYTES = 64 << 20  # of one trial; a larger network stays on the machine that trained it

_TABLES = MetaData()
_WEIGHTS = Table(
    "darkroom_weights",
    _TABLES,
    Column("study", String(512), primary_key=True),
    Column("trial", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),  # a zip
)


class WeightTransfer:
    """Weights in transfer of one study: workers send them, the search receives them."""

    def __init__(self, engine: Engine, study: str) -> None:
        self._engine, self._study = engine, study
        _TABLES.create_all(engine)

    def send(self, trial: int, folder: Path) -> bool:
        """Send the files that a run needs; False if they are larger than 64 MB."""
        files = list(_files(folder))
        if sum(file.stat().st_size for file in files) > MOST_BYTES:
            return False
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, file.relative_to(folder).as_posix())
        with self._engine.begin() as connection:
            connection.execute(
                insert(_WEIGHTS).values(study=self._study, trial=trial, content=content.getvalue())
            )
        return True

    def pending(self) -> set[int]:
        """The trials whose weights are in the table."""
        with self._engine.connect() as connection:
            return set(connection.scalars(select(_WEIGHTS.c.trial).where(_WEIGHTS.c.study == self._study)))

    def receive(self, trial: int, directory: Path) -> None:
        """Move a trial's weights into its folder in the search's directory, atomically."""
        with self._engine.connect() as connection:
            content = connection.scalar(select(_WEIGHTS.c.content).where(*self._is_row_of(trial)))
        if content is not None:
            arriving = directory / "arriving" / f"{trial:05d}"
            shutil.rmtree(arriving, ignore_errors=True)
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                archive.extractall(arriving)
            folder = trial_folder(directory, trial)
            shutil.rmtree(folder, ignore_errors=True)
            folder.parent.mkdir(exist_ok=True)
            arriving.rename(folder)
        self.delete({trial})

    def delete(self, trials: Collection[int]) -> None:
        """Remove the weights of these trials from the table."""
        with self._engine.begin() as connection:
            for trial in trials:
                connection.execute(delete(_WEIGHTS).where(*self._is_row_of(trial)))

    def _is_row_of(self, trial: int) -> tuple[ColumnElement[bool], ...]:
        return _WEIGHTS.c.study == self._study, _WEIGHTS.c.trial == trial


def weight_transfer_of(directory: Path, config: SearchConfig) -> WeightTransfer | None:
    """The transfer of a search in a database; None for a search in a shared folder."""
    return WeightTransfer(open_engine(config.storage), study_name(directory)) if config.storage else None


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(file for file in (folder / WEIGHTS_FOLDER).rglob("*") if file.is_file())
    yield from (folder / name for name in WEIGHTS_FILES)
