"""Parts of the server, see server.py."""
