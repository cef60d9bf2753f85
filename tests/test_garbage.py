"""Garbage collection is paused in a block, and resumed after it in every case."""

from __future__ import annotations

import gc

import pytest

from core.garbage import collection_paused


def test_collection_resumes_after_the_block() -> None:
    with collection_paused():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_collection_resumes_after_an_error() -> None:
    with pytest.raises(ValueError, match="damaged"), collection_paused():
        raise ValueError("damaged")
    assert gc.isenabled()


def test_collection_resumes_when_blocks_overlap() -> None:
    """Two imports in threads: the one that began last can end last."""
    first, second = collection_paused(), collection_paused()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_a_process_without_collection_stays_without() -> None:
    gc.disable()
    try:
        with collection_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
