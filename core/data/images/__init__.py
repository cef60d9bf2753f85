"""Picture files: decoding to RGB pixels and removing metadata."""
