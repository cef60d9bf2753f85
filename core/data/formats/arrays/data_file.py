"""Parquet and Arrow files, read group by group."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from core.data.formats.survey import suffix_of
from core.data.skip_reasons import SkipReason
from core.data.sources.members import Member, UnreadableMemberError
from core.errors import DataError
from core.messages import N_

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = (".parquet", ".arrow")


class DataFile:
    """A Parquet or Arrow file as groups of rows; at most a few are in memory at once."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self._lock = Lock()  # readers of pyarrow are not safe to share between threads
        self._source: Any = self._open()
        self.schema: pa.Schema = (
            self._source.schema_arrow if suffix_of(member.parts[-1]) == ".parquet" else self._source.schema
        )

    @property
    def metadata(self) -> dict[bytes, bytes]:
        """Notes of a program in the schema."""
        return dict(self.schema.metadata or {})

    @property
    def groups(self) -> int:
        source = self._source
        return source.num_row_groups if hasattr(source, "num_row_groups") else source.num_record_batches

    def columns(self, group: int, names: Sequence[str]) -> pa.Table:
        """Some columns of a group of rows; pictures are not read for their labels.

        Raises:
            DataError: the group is damaged.
        """
        import pyarrow as pa

        try:
            with self._lock:
                if hasattr(self._source, "read_row_group"):
                    return self._source.read_row_group(group, columns=list(names))
                return pa.Table.from_batches([self._source.get_batch(group)]).select(list(names))
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error

    def column(self, group: int, column: str) -> pa.ChunkedArray:
        """One column of a group of rows."""
        return self.columns(group, [column]).column(column)

    def values(self, group: int, column: str, most: int | None = None) -> list[Any]:
        """One column of a group of rows, or of its first rows, as plain values.

        Raises:
            DataError: it is damaged, or has values that Python cannot hold.
        """
        import pyarrow as pa

        try:
            return self.column(group, column).slice(0, most).to_pylist()
        except (pa.ArrowException, ValueError, OverflowError) as error:
            raise self._unreadable(error) from error

    def _open(self) -> Any:
        import pyarrow as pa
        from pyarrow import parquet

        member = self.member
        try:
            if suffix_of(member.parts[-1]) == ".parquet":
                file = pa.OSFile(str(member.path)) if member.path else pa.BufferReader(member.read())
                return parquet.ParquetFile(file)
            # A file that is only opened would be read into memory as a whole. Arrow reads with threads of its
            # own, which must not call into Python's BytesIO: they have crashed the process.
            return _ArrowStream(
                pa.memory_map(str(member.path)) if member.path else pa.BufferReader(member.read())
            )
        except UnreadableMemberError as error:
            if error.reason.code is SkipReason.FILE_TOO_LARGE:
                raise DataError(
                    N_(
                        "{file} is too large to be read inside an archive. Unpack the archive and import its folder."
                    ),
                    file=member.name,
                ) from error
            raise self._unreadable(error) from error
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> DataError:
        return DataError(
            N_("{file} cannot be read: {error}. Download or export it again."),
            file=self.member.name,
            error=(str(error).splitlines() or [""])[0].rstrip(". "),
        )


class _ArrowStream:
    """An Arrow file or stream with random access to its batches; the batches are mapped, not copied."""

    def __init__(self, content: Any) -> None:
        import pyarrow as pa

        try:
            reader = pa.ipc.open_stream(content)
            self._batches = list(reader)
            self.schema = reader.schema
        except pa.ArrowInvalid:
            content.seek(0)
            file = pa.ipc.open_file(content)
            self._batches = [file.get_batch(index) for index in range(file.num_record_batches)]
            self.schema = file.schema
        self.num_record_batches = len(self._batches)

    def get_batch(self, index: int) -> pa.RecordBatch:
        return self._batches[index]
