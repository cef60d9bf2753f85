"""Picture files: decoding to RGB pixels."""
