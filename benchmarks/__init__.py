"""Benchmarks of speed and quality, each against a reference measured in the same run."""
