"""Complete uploads, as a client of tus leaves them."""

from __future__ import annotations

from core.uploads.store import Ticket, find_upload, open_upload


def send(name: str, content: bytes) -> Ticket:
    """Upload one file."""
    ticket = open_upload(len(content))
    part = find_upload(ticket).write_to(name, offset=0, size_bytes=len(content))
    part.write(content)
    part.close()
    return ticket


def source_of(ticket: Ticket) -> dict[str, str]:
    """An upload in the body of a request."""
    return {"upload": ticket.upload, "token": ticket.token}
