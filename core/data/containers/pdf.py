"""PDF documents: each page as a picture, drawn by PDFium. Neither text nor metadata is kept."""

from __future__ import annotations

import io
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import IO, Any

from core.data.containers.config import ContainerConfig
from core.data.containers.container import Deadline, Inner, require_few
from core.data.skip_reasons import SkipReason, unreadable_image

# Pixels a point, which is a 72nd of an inch.
_SCALE = 2.0
# Pixels of the longer side. A page may state any size.
_MAX_SIDE = 2400
_WRONG_PASSWORD = 4
# PDFium has one state for the whole process.
_LOCK = threading.Lock()


def is_pdf(data: bytes) -> bool:
    return data.startswith(b"%PDF-")


def count_pages(stream: IO[bytes], config: ContainerConfig) -> int:
    with _LOCK, _opened(stream) as document:
        return len(document)


def pages(stream: IO[bytes], config: ContainerConfig, deadline: Deadline) -> Generator[Inner]:
    """Draw the pages one after another; other threads may draw theirs in between."""
    with _unlocked(stream) as document:
        with _LOCK:
            count = require_few(len(document))
        for index in range(count):
            deadline.check()
            with _LOCK:
                data = _drawn(document, index)
            yield Inner(data=data, suffix=f"#{index + 1}")


def pdf_errors() -> tuple[type[Exception], ...]:
    from pypdfium2 import PdfiumError

    return (PdfiumError,)


@contextmanager
def _opened(stream: IO[bytes]) -> Iterator[Any]:
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        document = PdfDocument(stream)
    except PdfiumError as error:
        code = SkipReason.PDF_LOCKED if error.err_code == _WRONG_PASSWORD else SkipReason.DAMAGED
        raise unreadable_image(code) from error
    try:
        yield document
    finally:
        document.close()


@contextmanager
def _unlocked(stream: IO[bytes]) -> Iterator[Any]:
    """Open and close a document under the lock, and let others in meanwhile."""
    opening = _opened(stream)
    with _LOCK:
        document = opening.__enter__()
    try:
        yield document
    finally:
        with _LOCK:
            opening.__exit__(None, None, None)


def _drawn(document: Any, index: int) -> bytes:
    page = document[index]
    try:
        longer = max(page.get_size())
        if not longer > 0:
            raise unreadable_image(SkipReason.DAMAGED)
        bitmap = page.render(scale=min(_SCALE, _MAX_SIDE / longer), may_draw_forms=False)
        try:
            picture = bitmap.to_pil().convert("RGB")
        finally:
            bitmap.close()
    finally:
        page.close()
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()
