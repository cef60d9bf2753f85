"""LiteRT exports: one network as float32, float16 and int8 files, each with a signature and metadata."""
