"""Sections of a report, one module for each subject, and their table."""
