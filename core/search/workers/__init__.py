"""Processes that run the trials of a search, on one or several machines."""
