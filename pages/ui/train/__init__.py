"""Sections of the Train page: a new run, the live view of a run, comparison of runs."""
