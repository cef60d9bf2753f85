"""Evaluation: metrics on the test pictures, and the report of a run."""
