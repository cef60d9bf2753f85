"""Process of its own that runs a foreign model, without network and within limits."""
