"""Pictures given to the Predict page under AppTest, where the browser's part of its drop zone is missing."""

from __future__ import annotations

from collections.abc import Mapping

from streamlit.testing.v1 import AppTest

from core.uploads.store import open_upload, uploads_folder
from tests.support.pictures import write_folder


def send_pictures(app: AppTest, files: Mapping[str, bytes]) -> AppTest:
    """Leave pictures where the drop zone does when they have arrived, and run the page."""
    ticket = open_upload(sum(len(data) for data in files.values()))
    folder = write_folder(uploads_folder() / ticket.upload / "files" / "sent", dict(files))
    app.session_state["sending-new-pictures"] = {"path": str(folder)}
    return app.run()
