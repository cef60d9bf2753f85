"""Thresholds part of the mistakes: curves of a class, and a threshold for it."""
