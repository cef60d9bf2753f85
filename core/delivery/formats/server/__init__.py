"""Server export: a small HTTP server around the bundle's program."""
