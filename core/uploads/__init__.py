"""Files that a browser sends piece by piece, kept on disk until they are imported."""
