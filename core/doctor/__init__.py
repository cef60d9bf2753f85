"""What is wrong with a dataset: found, explained in plain words, and mended at one click."""
