"""An upload in the test's own workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.uploads.store import Ticket, find_upload, open_upload
from core.uploads.upload import Upload


@pytest.fixture
def ticket(workspace: Path) -> Ticket:
    """For a million bytes."""
    return open_upload(1_000_000)


@pytest.fixture
def upload(ticket: Ticket) -> Upload:
    return find_upload(ticket)
